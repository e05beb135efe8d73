//! Loading: settings are checked, the module can go and come again, slow freeing is warned of.

use harness::redis::Builder;
use harness::{Redis, Reply, error};

/// What the server lists of the module; some servers come with modules of their own.
#[track_caller]
pub(crate) fn listed(redis: &Redis) -> Option<Reply> {
    let modules = redis.call("MODULE LIST");
    let mut modules = modules.items().iter();
    modules
        .find(|module| *module.field("name") == "weir")
        .cloned()
}

/// The file that the module was loaded from.
#[track_caller]
pub(crate) fn path(redis: &Redis) -> String {
    let module = listed(redis).expect("the module is loaded");
    module.field("path").text()
}

#[track_caller]
fn max_entries(redis: &Redis) -> String {
    let pair = redis.call("CONFIG GET weir.trie-max-entries");
    pair.field("weir.trie-max-entries").text()
}

/// What the log says of a server that does not start.
#[track_caller]
fn refused(builder: Builder) -> String {
    match builder.try_start() {
        Ok(_) => panic!("the server has started"),
        Err(log) => log.to_string(),
    }
}

#[test]
fn the_module_is_listed_with_its_version() {
    let redis = Redis::start();
    let module = listed(&redis).unwrap();
    assert_eq!(*module.field("ver"), 100);
}

#[test]
fn a_setting_can_be_read_and_changed_within_its_range() {
    let redis = Redis::start();
    assert_eq!(max_entries(&redis), "200000");
    for value in ["1", "10000000", "5"] {
        let set = redis.call(["CONFIG", "SET", "weir.trie-max-entries", value]);
        assert_eq!(set, "OK");
        assert_eq!(max_entries(&redis), value);
    }
    for value in [
        "0",
        "-1",
        "10000001",
        "abc",
        "",
        "1.5",
        "9223372036854775808",
    ] {
        let set = redis.call(["CONFIG", "SET", "weir.trie-max-entries", value]);
        assert!(set.is_error(), "{value}: {set:?}");
        assert_eq!(max_entries(&redis), "5");
    }
}

#[test]
fn an_argument_of_loadmodule_is_a_setting() {
    let redis = Redis::builder()
        .module_args(["trie-max-entries", "77"])
        .start();
    assert_eq!(max_entries(&redis), "77");
}

#[test]
fn wrong_arguments_of_loadmodule_refuse_the_load_and_say_why() {
    let range = "setting 'trie-max-entries' must be 1 to 10000000";
    let table: [(&[&str], &str); 12] = [
        (&["unknown", "5"], "unknown setting 'unknown'"),
        (&["unknown"], "unknown setting 'unknown'"),
        (
            &["trie-max-entries"],
            "setting 'trie-max-entries' has no value",
        ),
        (&["trie-max-entries", "5", "more"], "unknown setting 'more'"),
        (&["trie-max-entries", "0"], range),
        (&["trie-max-entries", "-5"], range),
        (&["trie-max-entries", "10000001"], range),
        (&["trie-max-entries", "abc"], range),
        (&["trie-max-entries", "1.5"], range),
        (&["trie-max-entries", "99999999999999999999"], range),
        (
            &["trie-max-entries", "5", "trie-max-entries", "6"],
            "setting 'trie-max-entries' is given twice",
        ),
        (&["%s%n\u{e4}", "5"], r"unknown setting '%s%n\xc3\xa4'"),
    ];
    for (arguments, why) in table {
        let log = refused(Redis::builder().module_args(arguments.iter().copied()));
        let line = format!("weir is not loaded: {why}");
        assert!(log.contains(&line), "{arguments:?}: {log}");
    }
}

#[test]
fn a_setting_can_stand_in_the_servers_configuration() {
    let redis = Redis::builder().arg("weir.trie-max-entries", "33").start();
    assert_eq!(max_entries(&redis), "33");
    for value in ["0", "10000001", "abc"] {
        refused(Redis::builder().arg("weir.trie-max-entries", value));
    }
    refused(Redis::builder().arg("weir.unknown", "5"));
}

#[test]
fn the_module_can_be_unloaded_and_loaded_again_over_its_data() {
    let redis = Redis::start();
    let path = path(&redis);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v EX 500");
    for _ in 0..3 {
        assert_eq!(redis.call("MODULE UNLOAD weir"), "OK");
        assert_eq!(
            redis.call("UMQ.INFO t"),
            error("ERR unknown command 'UMQ.INFO', with args beginning with: 't' ")
        );
        assert_eq!(redis.call("DBSIZE"), 3);
        assert_eq!(redis.call(["MODULE", "LOAD", &path]), "OK");
        assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000"), [0, -1, 0, 0]);
        assert_eq!(redis.call("QGATE.RENEW g PX 500000 a"), [1]);
        assert_eq!(redis.call("TRIE.FIND k a-b"), "v");
    }
}

#[test]
fn a_load_that_is_refused_at_run_time_leaves_the_server_as_it_was() {
    let redis = Redis::start();
    let path = path(&redis);
    redis.call("MODULE UNLOAD weir");
    for _ in 0..3 {
        assert!(
            redis
                .call(["MODULE", "LOAD", &path, "unknown", "5"])
                .is_error()
        );
        assert_eq!(listed(&redis), None);
        assert!(redis.call("UMQ.INFO t").is_error());
        let setting = redis.call("CONFIG GET weir.*");
        assert_eq!(setting, Reply::Array(Vec::new()));
    }
    assert_eq!(redis.call(["MODULE", "LOAD", &path]), "OK");
    assert_eq!(redis.call("UMQ.ACQUIRE t a PX 1000").items()[0], 1);
}

const LAZY_FREEING: [&str; 4] = [
    "lazyfree-lazy-expire",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del",
];

#[track_caller]
fn freeing(value: &str) -> Redis {
    let set = |builder: Builder, name: &&str| builder.arg(name, value);
    LAZY_FREEING.iter().fold(Redis::builder(), set).start()
}

#[test]
fn slow_freeing_is_warned_of_setting_by_setting() {
    let log = freeing("no").log();
    for name in LAZY_FREEING {
        assert!(log.contains(&format!("{name} is 'no'")), "{name}: {log}");
    }
    let log = freeing("yes").log();
    assert!(!log.contains("is 'no'"), "{log}");
}
