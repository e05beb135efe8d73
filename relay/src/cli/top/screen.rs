//! What is on the terminal: a head, the rows, a line that says what the keys do or what came of the last one.

use std::collections::HashSet;

use ratatui::{
    Frame,
    crossterm::event::{Event, KeyCode, KeyEventKind},
    layout::{Constraint, Layout},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{List, ListItem, ListState},
};

use super::rows::{Row, Shows, head, rows};
use crate::live::Snapshot;

const KEYS: &str = "↑ ↓ move   enter unfold   c cancel waiter   t take back   p pause   d drain   r resume   q quit";

/// What the operator looks at.
#[derive(Debug, Default)]
pub(super) struct Screen {
    snapshot: Option<Snapshot>,
    rows: Vec<Row>,
    unfolded: HashSet<Box<str>>,
    chosen: ListState,
    said: Option<String>,
}

/// What a key asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Quit,
    Act(Act, Row),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Cancel,
    TakeBack,
    Pause,
    Drain,
    Resume,
}

impl Screen {
    pub(super) fn show(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
        self.lay_out();
    }

    pub(super) fn say(&mut self, said: String) {
        self.said = Some(said);
    }

    /// Keeps what is chosen chosen while rows come and go around it.
    fn lay_out(&mut self) {
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        let before = self
            .chosen
            .selected()
            .and_then(|place| self.rows.get(place));
        let before = before.map(|row| (row.account.clone(), row.shows.clone()));
        self.rows = rows(snapshot, &self.unfolded);
        let is_it = |row: &Row| {
            let known = before.as_ref();
            known.is_some_and(|(account, shows)| *account == row.account && *shows == row.shows)
        };
        let place = self.rows.iter().position(is_it);
        let last = self.rows.len().saturating_sub(1);
        let near = self.chosen.selected().unwrap_or(0).min(last);
        self.chosen.select(Some(place.unwrap_or(near)));
    }

    pub(super) fn hear(&mut self, event: &Event) -> Option<Wish> {
        let Event::Key(key) = event else {
            return None;
        };
        if key.kind != KeyEventKind::Press {
            return None;
        }
        self.said = None;
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::Quit),
            KeyCode::Up | KeyCode::Char('k') => self.chosen.select_previous(),
            KeyCode::Down | KeyCode::Char('j') => self.chosen.select_next(),
            KeyCode::Enter => self.fold(),
            KeyCode::Char('c') => return self.wish(Act::Cancel),
            KeyCode::Char('t') => return self.wish(Act::TakeBack),
            KeyCode::Char('p') => return self.wish(Act::Pause),
            KeyCode::Char('d') => return self.wish(Act::Drain),
            KeyCode::Char('r') => return self.wish(Act::Resume),
            _ => {}
        }
        None
    }

    fn wish(&self, act: Act) -> Option<Wish> {
        let row = self.rows.get(self.chosen.selected()?)?;
        let may = match act {
            Act::Cancel => matches!(row.shows, Shows::Waiter(..)),
            Act::TakeBack => matches!(row.shows, Shows::Holder(..)),
            Act::Pause | Act::Drain | Act::Resume => true,
        };
        may.then(|| Wish::Act(act, row.clone()))
    }

    fn fold(&mut self) {
        let chosen = self
            .chosen
            .selected()
            .and_then(|place| self.rows.get(place));
        let Some(account) = chosen.map(|row| row.account.clone()) else {
            return;
        };
        if !self.unfolded.remove(&account) {
            self.unfolded.insert(account);
        }
        self.lay_out();
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let parts = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(1),
            Constraint::Length(1),
        ]);
        let [top, middle, bottom] = parts.areas(frame.area());
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let text = self.snapshot.as_ref().map_or_else(String::new, head);
        frame.render_widget(Line::styled(text, bold), top);
        let item = |row: &Row| ListItem::new(Line::styled(row.text.clone(), style(&row.shows)));
        let items: Vec<_> = self.rows.iter().map(item).collect();
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        let list = List::new(items).highlight_style(reversed);
        frame.render_stateful_widget(list, middle, &mut self.chosen);
        let said = self.said.as_deref().unwrap_or(KEYS);
        let dim = Style::new().add_modifier(Modifier::DIM);
        frame.render_widget(Line::styled(said, dim), bottom);
    }
}

fn style(shows: &Shows) -> Style {
    match shows {
        Shows::Account => Style::new().add_modifier(Modifier::BOLD),
        Shows::Holder(..) => Style::new().fg(Color::Green),
        Shows::Waiter(..) => Style::new().fg(Color::Yellow),
        Shows::Rest => Style::new().add_modifier(Modifier::DIM),
    }
}
