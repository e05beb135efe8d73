//! The table of contents: what can go wrong while clients wait, and below each case the tests that hold it.

use std::path::Path;

const CASES: &str = "
a grant and the end of patience in one turn of the loop
    waiting::patience::a_release_and_the_end_of_patience_in_one_turn_of_the_loop_make_one_answer
a grant and then CLIENT KILL
    waiting::rolled_back::the_turn_of_a_waiter_killed_after_its_grant_goes_to_the_next
CLIENT KILL and then a grant
    waiting::gone::a_killed_waiter_is_served_no_more
a grant and CLIENT UNBLOCK TIMEOUT or ERROR
    waiting::gone::unblocking_in_the_turn_of_the_grant_makes_one_answer
CLIENT UNBLOCK of who waits
    waiting::gone::unblocking_a_waiter_ends_its_wait_where_the_server_can
a half-closed socket
    waiting::gone::a_connection_closed_for_sending_leaves_the_line_at_once
500 waiters released at once
    waiting::gates::five_hundred_waiters_are_served_by_one_release
first come first served over 100 rounds
    waiting::order::the_order_holds_over_a_hundred_rounds
the head loses patience while the second is served
    waiting::patience::no_slot_is_lost_when_the_heads_patience_ends_in_the_turn_of_the_release
a spacing not passed at the release but later
    waiting::spaced::a_turn_released_too_early_is_granted_when_the_spacing_has_passed
a lease that ends without a release
    waiting::turns::a_lease_that_ends_hands_the_turn_over_at_that_millisecond
    waiting::gates::a_lease_that_ends_hands_its_slot_over_at_that_millisecond
a release by another than the holder
    waiting::turns::a_release_by_another_than_the_holder_moves_nobody
a second release
    waiting::turns::a_second_release_by_who_had_the_turn_does_not_take_it_from_the_next
a renewal by another than the holder
    umq::only_the_holder_renews_and_releases
a renewal after the end of the lease
    umq::a_holder_whose_lease_has_ended_is_one_no_more
the same id asking twice
    waiting::again::asking_again_takes_the_older_place_over_and_replaces_the_request
    umq::the_holder_asking_again_keeps_its_token_and_never_loses_time
BLOCK in MULTI
    waiting::inside::a_transaction_does_not_wait
BLOCK in EVAL
    waiting::inside::a_script_does_not_wait
BLOCK in FCALL
    waiting::inside::a_function_does_not_wait
BLOCK from another module
    waiting::inside::a_call_by_another_module_does_not_wait_and_serves_those_who_do
WATCH of the key
    waiting::inside::a_transaction_that_watches_the_key_sees_the_hand_off
MULTI of a release and an acquisition
    waiting::order::nobody_barges_in_between_a_release_and_the_hand_off
DEL, EXPIRE, RENAME, SET, COPY, FLUSHALL, FLUSHALL ASYNC
    waiting::by_others::a_turn_freed_by_others_goes_to_the_next_within_100_ms
    waiting::by_others::a_slot_freed_by_others_goes_to_the_next_within_100_ms
PERSIST
    waiting::by_others::a_key_whose_time_to_live_was_taken_away_is_handed_over_all_the_same
SET of a turn of somebody else's
    waiting::by_others::a_turn_that_others_gave_to_somebody_is_handed_over_at_the_end_of_that_lease
WRONGTYPE
    waiting::by_others::waiters_of_a_key_that_is_of_another_type_are_told_so
FLUSHDB of another database
    waiting::by_others::what_happens_in_another_database_moves_nobody
SWAPDB with a holder in the other database
    waiting::by_others::swapped_databases_take_the_data_along_and_leave_the_lines
SWAPDB with waiters in both
    waiting::by_others::waiters_of_two_swapped_databases_each_wait_for_the_holder_that_came
SWAPDB with another type, and of other databases
    waiting::by_others::a_swapped_in_key_of_another_type_sends_the_waiters_away_and_other_databases_do_not
SELECT 1
    waiting::seen::each_database_has_lines_of_its_own
maxmemory with noeviction
    waiting::turns::a_full_server_still_hands_turns_over
    waiting::gates::a_full_server_still_hands_slots_over_and_opens_gates
    waiting::memory::nobody_joins_a_line_of_a_full_server
maxmemory with allkeys-lru
    waiting::memory::what_is_evicted_for_want_of_memory_goes_to_the_next
CLIENT PAUSE WRITE or ALL with timers due
    waiting::paused::leases_that_end_in_a_pause_are_handed_over_after_it
    waiting::paused::patience_that_ends_in_a_pause_makes_one_answer
    waiting::paused::a_roll_back_waits_until_the_pause_is_over
FAILOVER with a frozen replica
    waiting::roles::waiters_of_a_primary_that_fails_over_ask_the_new_one
    waiting::roles::a_failover_that_is_given_up_leaves_the_waiters_where_they_are
FAILOVER while many wait
    waiting::failed_over::waiters_of_a_primary_that_hands_over_ask_its_replica_and_keep_their_order
SIGKILL of the primary while many wait
    waiting::failed_over::waiters_of_a_primary_that_is_killed_ask_the_promoted_replica_and_keep_their_order
REPLICAOF
    waiting::roles::a_server_that_becomes_a_replica_sends_its_waiters_away_and_keeps_its_holders
    waiting::replicas::waiters_of_a_server_that_loads_the_data_of_another_are_sent_away_and_their_lines_are_empty
SHUTDOWN with waiters
    waiting::roles::a_server_with_waiters_can_be_shut_down_and_its_holders_stay
    waiting::roles::a_lease_that_ends_while_a_shutdown_waits_for_a_replica_harms_nothing
reads at a replica
    waiting::roles::nobody_waits_at_a_replica
    replication::a_read_on_a_replica_neither_sees_nor_removes_what_has_ended
PSYNC
    waiting::replicas::a_replica_that_was_cut_off_catches_up_on_the_hand_offs_it_missed
a full resync
    waiting::replicas::a_replica_that_must_load_everything_anew_has_the_hand_offs_it_missed
diskless load
    waiting::replicas::a_replica_serves_its_own_line_after_it_has_loaded_in_any_way_and_was_promoted
BGREWRITEAOF and a restart
    waiting::roles::what_was_handed_over_survives_a_rewrite_and_a_crash
SIGKILL with appendfsync always
    waiting::crashed::a_killed_server_has_kept_every_grant_and_every_release_that_it_had_answered
    waiting::crashed::leases_spacings_and_closures_end_after_a_crash_when_they_would_have_ended
a file that ends amid a hand-off
    waiting::crashed::a_hand_off_whose_end_is_missing_in_the_file_is_undone_as_a_whole
DEBUG RELOAD
    waiting::roles::a_reload_of_the_data_leaves_line_and_holder
AOF and RDB loaded without the module
    waiting::crashed::what_was_handed_over_is_loaded_by_a_server_without_the_module
a slot MIGRATING with the key
    waiting::slot_moved::waiters_of_a_slot_on_its_way_are_served_while_the_key_is_here
a slot MIGRATING without the key
    waiting::slot_moved::who_waits_for_a_key_that_is_missing_in_a_slot_on_its_way_is_sent_away
a slot IMPORTING
    waiting::slot_moved::who_waits_at_the_server_that_imports_the_slot_is_served_or_told_to_try_again
SETSLOT NODE
    waiting::slot_moved::waiters_of_a_key_that_was_carried_away_ask_again_where_it_is
    waiting::slot_moved::a_slot_given_away_without_its_keys_grants_nobody_where_it_was
SETSLOT STABLE
    waiting::slot_moved::a_move_that_is_given_up_leaves_the_waiters_where_they_are
CLUSTER FAILOVER
    waiting::cluster_lost::waiters_of_a_primary_that_hands_its_slots_to_its_replica_ask_there
CLUSTERDOWN
    waiting::cluster_lost::waiters_of_a_server_that_has_lost_the_cluster_are_sent_away_and_its_holders_stay
CROSSSLOT
    cluster::several_keys_must_share_a_slot
MODULE UNLOAD with waiters
    waiting::unload::the_module_stays_while_somebody_waits_and_can_go_when_nobody_does
MODULE UNLOAD without waiters, after timers
    waiting::unload::the_module_can_go_however_the_line_was_left
CONFIG SET of bounds below the line
    waiting::bounds::bounds_set_below_the_line_keep_it_and_refuse_newcomers
RESP2 and RESP3
    waiting::seen::resp3_has_the_same_answers
maxmemory-clients
    waiting::memory::a_waiter_that_is_evicted_leaves_the_line_at_once
    waiting::memory::a_waiter_evicted_in_the_turn_of_its_grant_leaves_the_turn_to_the_next
the clock set forward
    waiting::clock::a_clock_set_forward_ends_leases_spacings_and_patience_at_once
the clock set back
    waiting::clock::a_clock_set_back_delays_no_hand_off
    waiting::clock::tokens_grow_though_the_clock_is_set_back
the extremes of integers
    waiting::bad_input::numbers_outside_their_range_are_refused
    waiting::bad_input::the_widest_values_and_any_order_are_accepted
NUL, bytes that are no text, huge and empty words
    waiting::seen::ids_of_waiters_may_be_any_1_to_512_bytes
    waiting::bad_input::commands_about_lines_refuse_every_bad_argument
a ticket: queued, granted, timed out, cancelled
    waiting::tickets::a_ticket_is_answered_at_once_with_its_place_in_line
    waiting::tickets::a_granted_turn_is_told_with_its_token_and_a_slot_with_how_many_are_in_use
    waiting::tickets::a_wait_that_ends_with_its_patience_is_told
    waiting::tickets::a_cancelled_ticket_is_told_once
a ticket granted at once
    waiting::tickets::what_is_granted_at_once_is_not_told
a ticket's answer before its message
    waiting::tickets::heard::the_answer_to_a_request_precedes_its_message_on_the_same_connection
NOTIFY in MULTI
    waiting::tickets::heard::a_transaction_takes_tickets_and_its_messages_follow_its_answer
NOTIFY in EVAL, FCALL, from another module
    waiting::tickets::heard::who_is_no_live_client_is_answered_as_without_it
a ticket without a listener, PSUBSCRIBE, SUBSCRIBE
    waiting::tickets::heard::a_ticket_that_nobody_would_hear_of_is_dropped_and_the_next_is_served
a listener that goes in the turn of the grant
    waiting::tickets::heard::who_stops_listening_before_the_message_leaves_does_not_keep_its_grant
an asker that goes, before its grant and in the turn of it
    waiting::tickets::gone::tickets_leave_with_the_connection_that_asked_and_others_stay
    waiting::tickets::gone::the_grant_of_an_asker_killed_before_the_message_leaves_goes_to_the_next
a ticket asked for again, by the same and by another connection
    waiting::tickets::again::asking_again_from_the_same_connection_keeps_the_place_and_tells_nothing
    waiting::tickets::again::asking_again_from_another_connection_tells_the_earlier_that_it_moved
a ticket instead of a blocked client, and the reverse
    waiting::tickets::again::a_ticket_takes_the_place_of_a_blocked_client_over
    waiting::tickets::again::a_blocked_client_takes_the_place_of_a_ticket_over
tickets at REPLICAOF, FAILOVER and SIGKILL
    waiting::tickets::moved::a_server_that_becomes_a_replica_tells_its_tickets_that_they_moved
    waiting::tickets::moved::tickets_of_a_primary_that_hands_over_ask_its_replica
    waiting::tickets::moved::tickets_of_a_primary_that_is_killed_keep_their_order_at_the_promoted_replica
tickets at MODULE UNLOAD
    waiting::tickets::moved::no_waiters_at_all_tells_the_tickets_and_lets_the_module_go
    waiting::tickets::moved::the_module_does_not_go_before_its_messages
tickets for a slot that moves
    waiting::tickets::moved::tickets_for_a_key_that_was_carried_away_are_told_that_they_moved
    waiting::tickets::moved::a_slot_that_moves_at_once_leaves_no_ticket_behind_and_its_listeners_hear_of_it
tickets at CLUSTERDOWN
    waiting::tickets::moved::tickets_of_a_server_that_has_lost_the_cluster_are_told_that_they_moved
CROSSSLOT of a channel
    waiting::tickets::moved::a_channel_of_another_slot_is_refused_in_a_cluster_and_nowhere_else
the right to a channel
    waiting::tickets::bounds::a_ticket_needs_the_right_to_its_channel
    waiting::tickets::bounds::a_channel_is_no_key
tickets and the bounds on lines
    waiting::tickets::bounds::the_server_bears_so_many_tickets_in_all_and_per_line
    waiting::tickets::bounds::tickets_are_not_blocked_clients
tickets and pauses
    waiting::tickets::what_falls_due_in_a_pause_is_granted_and_told_after_it
a channel of any bytes, and none too long
    waiting::tickets::heard::a_message_may_hold_any_id_and_a_channel_any_1_to_512_bytes
100,000 tickets
    waiting::tickets::bounds::a_hundred_thousand_tickets_stand_in_line_and_are_granted_by_one_command
    waiting::tickets::bounds::a_hundred_thousand_tickets_leave_with_their_connection_and_the_line_moves_on
";

#[test]
fn every_case_has_tests_and_each_of_them_exists() {
    let lines: Vec<_> = CASES.trim().lines().collect();
    let is_test = |line: &str| line.starts_with(' ');
    for pair in lines.windows(2) {
        assert!(is_test(pair[0]) || is_test(pair[1]), "{}: no test", pair[0]);
    }
    for test in lines.into_iter().filter(|line| is_test(line)) {
        assert!(exists(test.trim()), "there is no test {}", test.trim());
    }
}

/// Whether the file of a test, named by its path below `module/`, has it.
#[track_caller]
fn exists(test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").expect("a path has a module");
    let file = module.replace("::", "/") + ".rs";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("module");
    let source = std::fs::read_to_string(folder.join(&file));
    let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
    source.contains(&format!("#[test]\nfn {name}() {{"))
}
