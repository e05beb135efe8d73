/* A module that hands a command on to another one: CALLER.CALL command argument ... */
typedef struct Context Context;
typedef struct String String;
typedef struct Answer Answer;
typedef int Command(Context *, String **, int);

static void (*set_attributes)(Context *, const char *, int, int);
static int (*create_command)(Context *, const char *, Command *, const char *, int, int, int);
static Answer *(*call)(Context *, const char *, const char *, ...);
static const char *(*text)(const String *, unsigned long *);
static int (*reply_with)(Context *, Answer *);
static int (*reply_with_error)(Context *, const char *);
static void (*release)(Answer *);

static int hand_on(Context *context, String **words, int count) {
    if (count < 2) return reply_with_error(context, "ERR which command?");
    Answer *answer = call(context, text(words[1], 0), "!Ev", words + 2, (unsigned long)(count - 2));
    if (!answer) return reply_with_error(context, "ERR not called");
    reply_with(context, answer);
    release(answer);
    return 0;
}

int RedisModule_OnLoad(Context *context, String **words, int count) {
    (void)words, (void)count;
    /* A context begins with the function that finds all others. */
    int (*find)(const char *, void *) = *(int (**)(const char *, void *))context;
    find("RedisModule_SetModuleAttribs", &set_attributes);
    find("RedisModule_CreateCommand", &create_command);
    find("RedisModule_Call", &call);
    find("RedisModule_StringPtrLen", &text);
    find("RedisModule_ReplyWithCallReply", &reply_with);
    find("RedisModule_ReplyWithError", &reply_with_error);
    find("RedisModule_FreeCallReply", &release);
    set_attributes(context, "caller", 1, 1);
    return create_command(context, "caller.call", hand_on, "write", 0, 0, 0);
}
