// Before the first paint: whoever chose light or dark sees nothing else. The choice is written by useTheme.ts.
try {
  const theme = localStorage.getItem('weir.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // No storage: the system's own choice holds.
}
