/*
 * Every limit of crumb, in one place, with its unit in its name and the
 * arithmetic between limits proven when it is compiled.  docs/wire.md and
 * docs/architecture.md tell users about those they can meet.
 */
#pragma once

/* Errors. */
#define ERROR_TRAIL_MAX 16
#define ERROR_TEXT_BYTES_MAX 1024

/* Configuration. */
#define CONFIG_FILE_BYTES_MAX (1 << 20)
#define CONFIG_COMPLAINTS_MAX 100 /* further mistakes are counted, not listed */
#define SITES_MAX 1024
#define SITE_NAME_BYTES_MAX 63
#define ORIGINS_MAX 64 /* of one site */
#define ORIGIN_BYTES_MAX 255
#define HOST_BYTES_MAX 253 /* RFC 1035 section 2.3.4, as text */
#define PURPOSES_MAX 32    /* of one site */
#define PURPOSE_NAME_BYTES_MAX 31
#define RECIPIENTS_MAX 256 /* of one site */
#define TOKENS_MAX 256
#define TRUSTED_PROXIES_MAX 64
#define THREADS_MAX 64
#define CONFIG_TEXT_BYTES_MAX 4096 /* one text of the configuration */
#define PATH_BYTES_MAX 4096        /* of a file or folder, as the system's PATH_MAX */
#define CONFIG_DEPTH_MAX 32        /* lists and mappings inside each other */
#define CONFIG_RETENTION_MS_MAX (3650LL * 24 * 3600 * 1000)
#define COMPLAINT_BYTES_MAX 1024     /* one complaint without the file's name */
#define COMPLAINT_QUOTE_BYTES_MAX 64 /* of a value or key shown in one */
#define TOKEN_NAME_BYTES_MAX 63
#define TOKEN_SITES_MAX 64      /* that `crumb token` writes into one line */
#define TEXTS_MAX 4096          /* overridden texts of one site, all languages */
#define TEXTS_LANGUAGES_MAX 64  /* of one site, the shipped ones among them */
#define COUNTRY_REGIMES_MAX 256 /* of one site, countries and regions */
#define PURPOSE_COOKIES_MAX 64  /* of one purpose: names and patterns of cookies that go with it */
#define COOKIE_NAME_BYTES_MAX 64
#define GOALS_MAX 256           /* of one site */
#define SAVED_FILTERS_MAX 256   /* `segments` of one site */
#define ALSO_MAX 64             /* `policy.also` of one site */
#define PAGE_QUERY_MAX 32       /* query pairs that belong to a page */
#define PAGE_QUERY_BYTES_MAX 64 /* the name of one */

/* The geo database. */
#define GEO_FILE_BYTES_MAX (512 << 20)
#define GEO_METADATA_BYTES_MAX (128 << 10) /* the metadata lies in the last ones, by the format's specification */
#define GEO_STEPS_MAX 4096                 /* values that are looked at for one address */
#define SUFFIX_LABELS_MAX 16               /* of a host, from its end, that are looked at for its public suffix */
#define CITY_BYTES_MAX 128                 /* of a city's name */

/* User agents. */
#define AGENTS_FILE_BYTES_MAX (4 << 20) /* of the expressions; uap-core's file has 200 KiB */
#define AGENT_RULES_MAX 4096            /* expressions */
#define AGENT_PATTERN_BYTES_MAX 8192    /* of one */
#define AGENT_PATTERN_DEPTH_MAX 16      /* groups in each other, for the search for literals */
#define AGENT_LITERALS_MAX 256          /* of one expression, any of which must occur */
#define AGENT_LITERAL_BYTES_MIN 2       /* a shorter one occurs everywhere */
#define AGENT_LITERAL_BYTES_MAX 12      /* more would tell little more */
#define AGENT_CLASS_BYTES_MAX 4         /* of a class of bytes, [abc], to be taken for as many literals */
#define AGENT_SCAN_STATES_MAX 65536     /* bytes of all literals together */
#define AGENT_GROUPS_MAX 9              /* of an expression: $1 to $9 */
#define AGENT_MATCH_BYTES_MAX 512       /* of an agent, that expressions see */
#define AGENT_MATCH_STEPS_MAX 20000     /* of one expression from one byte of an agent on; uap-core needs half of it */
#define AGENT_MATCH_HEAP_KIB_MAX 64     /* the same, of the memory that it takes where there is no machine code */
#define AGENT_HINT_BYTES_MAX 512        /* of a Sec-CH-UA header; a longer one is taken for not sent */
#define AGENT_CACHE_SETS 1024           /* of each loop's cache */
#define AGENT_CACHE_WAYS 4              /* agents of one set */
#define AGENT_CACHE_KEY_BYTES_MAX 1024  /* of all headers of one; longer ones are read each time */
#define AGENT_TEXT_BYTES_MAX 128        /* of a brand, model, browser or version */

/* Doubts: past these, `crumb lint` says something. */
#define LINT_BUTTON_RATIO 2                             /* a button's text is too long over twice the other's ... */
#define LINT_BUTTON_LETTERS 6                           /* ... and this many letters */
#define LINT_PURPOSES_MAX 7                             /* more are seldom read */
#define LINT_CHOICE_MS_MIN (90LL * 24 * 3600 * 1000)    /* six months are the advice; much less is nagging ... */
#define LINT_CHOICE_MS_MAX (366LL * 24 * 3600 * 1000)   /* ... and much more is forgotten */
#define LINT_VISITOR_MS_MAX (397LL * 24 * 3600 * 1000)  /* the longest thirteen months of a calendar */
#define LINT_SEGMENTS_MS_MAX (762LL * 24 * 3600 * 1000) /* the longest twenty-five */

/* The wire: what one beacon may say. */
#define QUERY_BYTES_MAX 8192      /* of one event */
#define BODY_BYTES_MAX (64 << 10) /* of any request */
#define EVENTS_PER_BODY_MAX 100
#define ADAPTED_BYTES_MAX (8 * BODY_BYTES_MAX) /* lines that an adapter makes of a body */
#define PAIRS_PER_EVENT_MAX 80
#define URL_BYTES_MAX 2048
#define TITLE_BYTES_MAX 512
#define LABEL_BYTES_MAX 512 /* se_ca se_ac se_la se_pr, property values */
#define PROPERTY_NAME_BYTES_MAX 64
#define PROPERTIES_MAX 30
#define LANGUAGE_BYTES_MAX 35  /* RFC 5646 section 4.4.1 */
#define LANGUAGE_RANGES_MAX 64 /* of one Accept-Language; browsers send a handful */
#define ZONE_BYTES_MAX 64
#define SCREEN_PIXELS_MAX 65535
#define DWELL_MS_MAX (24LL * 3600 * 1000)
#define DELAY_MS_MAX (24LL * 3600 * 1000) /* stm - dtm: how long an event may have waited in the browser */

/* HTTP. */
#define HTTP_BODY_BYTES_MAX                                                                                            \
    (4 * BODY_BYTES_MAX)                  /* past this the connection is cut; up to it there is a clear answer         \
                                           */
#define CONNECTIONS_MAX 20000             /* of the whole process */
#define CONNECTIONS_PRIVATE_MAX 128       /* of them on the private listener; no visitor can take these */
#define CONNECTIONS_SPARE_FILES 256       /* descriptors kept for everything else */
#define REQUEST_READ_MS_MAX 10000         /* from the first byte of a request to its last; also an idle connection */
#define SEND_STALL_MS_MAX 20000           /* a client that takes no byte of the answer for this long is cut off */
#define STOP_MS_MAX 10000                 /* SIGTERM to exit, at most */
#define STOP_LOOPS_MS_MAX 6000            /* of it, for requests under way */
#define READY_PROBE_MS 250                /* how soon a store that failed is tried again, when nobody else tries */
#define RETRY_AFTER_S 5                   /* told with a 503 */
#define COOKIE_HEADER_BYTES_MAX 16384     /* all cookies of a request; a browser may send many of 4096 each */
#define COOKIE_IDS_MAX 8                  /* cookies named crumb_id that are looked at: a MAC each */
#define FORWARDED_BYTES_MAX 4096          /* of X-Forwarded-For and Forwarded, from the right */
#define CONSENT_BODY_BYTES_MAX (16 << 10) /* POST /v1/consent */
#define AGENT_BYTES_MAX 1024              /* of User-Agent; what follows is not looked at */
#define JSON_DEPTH_MAX 32
#define JSON_VALUES_MAX 8192     /* of what somebody sent: a full body of events has about 4000, members included */
#define PAGE_BYTES_MAX (1 << 20) /* of the privacy page: a notice with every byte escaped fits */
#define POLICY_BYTES_MAX                                                                                               \
    (16 << 20) /* of the policy: the same, with what differed in as many past versions as are shown */
#define PAGE_ADDRESS_BYTES_MAX 512
#define ANSWER_OBJECT_BYTES_MAX (256 << 10) /* a notice with all its escapes fits */

/* Rates: what may come from one client, or to one site, before it is refused. */
#define RATE_BURST_S 30        /* how long nothing must have come for as much to be taken at once */
#define RATE_SLOTS (1 << 16)   /* clients that are remembered at a time: 1 MiB */
#define RATE_WAYS 8            /* slots that a client can be in */
#define RATE_LOCKS 64          /* so that loops seldom wait for each other */
#define RATE_PER_S_MAX 1000000 /* as the configuration may say */
#define RATE_ADDRESS_PER_S 20  /* events of one client, where it says nothing: a household, a small office ... */
#define RATE_SITE_PER_S 5000   /* ... events of one site: ten times what a day of DAY_HITS_MAX has on average ... */
#define RATE_CHOICES_PER_S 1   /* ... and choices of one client */

/* The dashboard. */
#define SIGN_INS_PER_S 1                    /* of one client, good or bad */
#define SESSION_MS_MAX (12LL * 3600 * 1000) /* from signing in: a day's work */
#define SESSIONS_TOKEN_MAX 8                /* of one token; a further one ends the oldest */
#define SESSIONS_MAX (TOKENS_MAX * SESSIONS_TOKEN_MAX)

/* The writer. */
#define WRITER_QUEUE_OPS_MAX 65536
#define WRITER_QUEUE_BYTES_MAX (64 << 20)
#define WRITER_BATCH_OPS_MAX 1024
#define WRITER_BATCH_WAIT_US_MAX 2000 /* how long a busy batch may gather; a lone operation never waits */
#define DEDUPE_EVENTS_MAX (1 << 17)   /* event ids remembered for the answer `duplicate` */

/* Keys. */
#define CRYPT_TABLE_BYTES_MAX 16
#define CRYPT_BYTES_MAX 2147483647 /* of one box: OpenSSL counts with an int */
#define ENVELOPE_PARTS_MAX 255     /* of one value: a segment's columns and three more */
#define KEYRING_SLOTS_MAX (64u << 20)
#define KEYRING_PROBES 64          /* slots that are looked at for a free one before the file grows */
#define KEYRING_SPARE_SLOTS 64     /* that the file is made longer than it must be */
#define KEYRING_TRIES 3            /* to read a slot that somebody may be writing */
#define KEYRING_REWRAP_SLOTS 1024  /* wrapped under a new master key between two syncs, while the writer waits */
#define KEYS_OPENED_MAX (1u << 15) /* kept by the writer: 3 MiB */
#define KEYS_WALK_MAX (1u << 16)   /* kept by one walk through a journal: 6 MiB */
#define DOOMED_ROWS_MAX 4096       /* taken off the list by one transaction */

/* Expiry of visitors. */
#define EXPIRE_ROWS_MAX 4096         /* looked at by one pass */
#define EXPIRE_DELETES_MAX 256       /* removed by one transaction */
#define EXPIRE_REST_MS (60LL * 1000) /* between two rounds over all visitors */

/* Retention. */
#define RETENTION_JOURNAL_MS_MIN                                                                                       \
    (3LL * 24 * 3600 * 1000)                                /* a day is over by then, and nothing late can come for it \
                                                             */
#define RETENTION_SEGMENTS_MS_MIN (35LL * 24 * 3600 * 1000) /* so is a month, whose days go together */
#define RETENTION_RESTRICTED_MS_MAX (92LL * 24 * 3600 * 1000) /* a month waits for a restriction: GDPR art. 12(3) */
#define RETENTION_ROWS_MAX 1024                               /* removed, or looked at, by one transaction */
#define RETENTION_DAYS_MAX 64                                 /* marked by one transaction */
#define RETENTION_OPS_MAX 16                                  /* transactions of one look */
#define RETENTION_REST_MS (60LL * 1000)                       /* after a look that found nothing to do ... */
#define RETENTION_WAIT_MS (5LL * 1000)                        /* ... or something that must be sealed first */
#define RETENTION_SKETCH_VISITORS_MIN (1 << 16) /* four to each register: it tells next to nothing of one of them */
#define FOLD_BELOW_DEFAULT 5                    /* visitors that a value must have to be told for ever */
#define FOLD_BELOW_MAX 1000

/* Visitors' rights. */
#define JOBS_MAX 65536       /* that wait; what takes away is always taken */
#define JOBS_TOGETHER_MAX 64 /* of one site, in one pass over its days */
#define JOB_ROWS_MAX 256     /* of the journal, removed or rewritten by one transaction */
#define JOB_FOUND_MAX 65536  /* of one day, remembered at a time */
#define DEED_BYTES_MAX 2048
#define DESK_DEEDS_MAX 64   /* of jobs done lately, for whoever asks a moment later */
#define RIGHTS_WAIT_MS 3000 /* that a request waits for its job, before it is told where the receipt will be */
#define RIGHTS_BODY_BYTES_MAX 4096
#define COPY_SHOWN_DAYS_MAX 7   /* with something of the visitor, on the privacy page ... */
#define COPY_LOOKED_DAYS_MAX 31 /* ... of the last days of the site */
#define PAGE_ITEMS_MAX 50       /* of one of them */

/* The store. */
#define DB_SIZE_BYTES_DEFAULT (64LL << 30)
#define DB_SIZE_BYTES_MIN (1LL << 20)
#define DB_SIZE_BYTES_MAX (64LL << 40) /* half of what a process can map on x86-64 and arm64 */
/* Of the store's size, what only transactions that take consent away or make room may fill: one part in so many ... */
#define DB_RESERVE_SHARE 64
#define DB_RESERVE_BYTES_MIN (256 << 10) /* ... but at least this, a few hundred withdrawals ... */
#define DB_RESERVE_BYTES_MAX (4 << 20)   /* ... and at most this */
#define DB_READERS_MAX 126
#define DB_RESIDENT_BYTES_MAX (24 << 20)  /* of mapped files, before pages of the store are given back */
#define DB_RESIDENT_STEPS 512             /* rows read or written between two looks at that */
#define DB_RESIDENT_STEP_BYTES (64 << 10) /* of a large row, which count as one more */
#define DB_AHEAD_BYTES (1 << 20)          /* that a walk asks the kernel for at once */
#define DB_AHEAD_ROWS_MIN 64              /* read in the window before, by whom it is a walk */
#define DB_KEY_BYTES_MAX 64               /* our longest key; LMDB allows 511 */
#define NOTICE_BYTES_MAX (64 << 10)
#define CHANGES_BYTES_MAX (8 << 20)  /* what differs between two notices, in words: more than both can say */
#define TURN_RETRY_MS 10000          /* after a failure to put in force what was announced */
#define VERSIONS_SHOWN_MAX 20        /* on one page of the policy */
#define SCRIPT_BYTES_MAX (512 << 10) /* of one consent.js: a notice with all its escapes, and the code */
#define SCRIPTS_BYTES_MAX (16 << 20) /* of all that are kept rendered: about 300 of site, language and regime */
#define LEDGER_RECORD_BYTES_MAX 8192
#define HEADS_BYTES_MAX 4096 /* signed heads kept for their second */
#define HEADS_MAX 32         /* older heads that one `crumb verify` compares */
#define JOURNAL_RECORD_BYTES_MAX (24 << 10)

/* The audit trail. */
#define TRAIL_RECORD_BYTES_MAX 2048
#define TRAIL_NAME_BYTES_MAX 64     /* of an actor */
#define TRAIL_OBJECT_BYTES_MAX 256  /* what something was done to */
#define TRAIL_DETAILS_BYTES_MAX 512 /* what else there is to say */
#define TRAIL_RECORDS_DEFAULT 100   /* of one answer, where no limit is given */
#define TRAIL_RECORDS_MAX 1000
#define TRAIL_SCAN_MAX 100000  /* records that one question looks at for those that it wants */
#define TRAIL_CHECK_MAX 2000   /* records whose hashes and signatures one answer checks */
#define TRAIL_REFUSALS_PER_S 1 /* of one client's refused uses of tokens: more are refused and not recorded */
#define ACTS_MAX 4096          /* files of commands' acts that wait for the service; then commands refuse */
#define ACT_BYTES_MAX 2048     /* of one */
#define ACTS_PASS_MAX 64       /* recorded by one look of the keeper */

/* Subject requests. */
#define REQUEST_BODY_BYTES_MAX (32 << 10) /* POST /v1/me/requests, every byte escaped */
#define REQUEST_TEXT_BYTES_MAX 4096
#define REQUEST_CONTACT_BYTES_MAX 254 /* RFC 5321 section 4.5.3.1.3, without the angle brackets */
#define REQUEST_NOTE_BYTES_MAX 4096
#define REQUEST_STEPS_MAX 64          /* of one request's history */
#define REQUEST_BYTES_MAX (320 << 10) /* of a row */
#define REQUEST_DUE_DAYS 10           /* working days */
#define REQUEST_SOON_DAYS 3           /* working days left, from which on it is due soon */
#define CALENDAR_LEFT_MAX 99          /* working days that are counted to a due day, or from it */
#define REQUESTS_OPEN_MAX 1000        /* of one site */
#define REQUESTS_OWN_MAX 100          /* of one visitor that one answer tells */
#define REQUESTS_PAGE_DEFAULT 100     /* of one answer of the queue */
#define REQUESTS_PAGE_MAX 1000
#define REQUESTS_PER_HOUR 10 /* of one client, where the configuration says nothing */
#define REQUESTS_PER_HOUR_MAX 3600
#define HOLIDAYS_MAX 1024           /* of one site */
#define LAPSE_ROWS_MAX 256          /* requests and blocks that one transaction removes as their time is over */
#define LAPSE_REST_MS (60LL * 1000) /* between two looks for them */
#define REQUESTS_KEPT_MS_DEFAULT (3LL * 365 * 24 * 3600 * 1000) /* once closed: as long as somebody may go to court */

/* Rollups and queries. */
#define VISIT_GAP_MS (30LL * 60 * 1000)   /* silence that ends a visit */
#define SEAL_GRACE_MS (15LL * 60 * 1000)  /* after midnight, before a day is sealed */
#define KEEPER_NICE 5                     /* of its thread: beacons and answers go first where the cores are busy */
#define KEEPER_PAUSE_MS_MAX 100           /* after one of its operations, while beacons keep the writer busy */
#define SEAL_TICK_MS 1000                 /* between two looks for days to seal */
#define SEAL_RETRY_MS 60000               /* after a look that failed */
#define DAY_HITS_MAX (50 << 20)           /* hits of one site-day held in memory while it is built */
#define VISITORS_MAX 4294967295           /* of one site, ever: they are numbered */
#define SEGMENT_ROWS_MAX DAY_HITS_MAX     /* of one relation of a site-day */
#define GATHER_FRONT_BYTES_MAX (32 << 20) /* of keys that spare looking at an event's fields one by one */
#define SEGMENT_TEXTS_MAX (16 << 20)
#define SEGMENT_TEXT_BYTES_MAX (256 << 20)
#define SEGMENT_BYTES_MAX (1 << 30)
#define EXPORT_ROWS_BYTES (64 << 10)          /* of rows that are written at once */
#define EXPORT_ROW_BYTES_MAX (256 << 10)      /* of what a visit and a hit say, each, quoted */
#define EXPORT_TEXTS_BYTES_MAX (1536LL << 20) /* a dictionary of which each byte is quoted */
#define ROLLUP_BYTES_MAX (256 << 20)          /* one part of a rollup, inflated */
#define ROLLUP_CELLS_MAX (1 << 17)            /* values of one; a field with more has none, and tables are read */
#define LIVE_DAYS_MAX 64                      /* open days kept warm in memory */
#define LIVE_EVENTS_MAX (2 << 20)             /* events of all of them; a larger day is built again for each question */
#define DAYS_CACHE_BYTES_MAX (56 << 20)       /* columns of sealed days kept unpacked */
#define SHELF_STALE_PINS 2048                 /* a day that was not among the last so many asked for may go first */
#define ROLLUPS_CACHE_BYTES_MAX (24 << 20)    /* cells of rollups kept unpacked */
#define DAY_NETWORKS_MAX (1 << 22) /* different networks of one site-day; those of further visitors are unknown */
#define BOT_SPEED_VIEWS 60         /* so many page views of one visit ... */
#define BOT_SPEED_MS 20000         /* ... within this are a program's */
#define BOT_CROWD_VISITORS_MIN 50  /* of one network on one day ... */
#define BOT_CROWD_PERCENT 90       /* ... so many of whom view one page and do nothing */
#define QUERY_BODY_BYTES_MAX (64 << 10)
#define QUERY_METRICS_MAX 16
#define QUERY_DIMENSIONS_MAX 8
#define QUERY_ORDERS_MAX 8
#define QUERY_FILTERS_MAX 64        /* of one query, with what joins them */
#define QUERY_FILTER_DEPTH_MAX 8    /* of filters in each other */
#define QUERY_CLAUSES_MAX 1000      /* values of one filter */
#define QUERY_PATTERN_BYTES_MAX 512 /* one regular expression */
#define QUERY_MATCH_STEPS_MAX 100000
#define QUERY_MATCH_STEPS_ALL_MAX 1000000000LL /* of one filter's expressions on all values */
#define QUERY_MATCH_DEPTH_MAX 1000
#define QUERY_MATCH_HEAP_KIB_MAX 1024
#define QUERY_ROWS_DEFAULT 10000
#define QUERY_ROWS_MAX 10000
#define SCHEMA_VALUES_DEFAULT 100               /* values of a dimension, where no limit is given */
#define QUERY_DAYS_MAX 36600                    /* a hundred years */
#define QUERY_RANGE_COUNT_MAX 999               /* the number in "7d" and "6mo" */
#define QUERY_OFFSET_MAX 1000000000             /* rows skipped by pagination */
#define QUERY_GROUPS_MAX (1 << 20)              /* rows before pagination */
#define QUERY_GROUP_NAMES_BYTES_MAX (256 << 20) /* the names of all of them */
#define QUERY_PAIRS_MAX (4 << 20)               /* of a row and a page, for times on pages */
#define QUERY_SCAN_HITS_MAX (1LL << 30)    /* that one query may look at; each of its days again for a comparison */
#define QUERY_COMPLAINT_BYTES_MAX 1024     /* what is wrong with a query, in one sentence */
#define QUERY_TRIES_MAX 5                  /* while days are sealed again under one: each time with a newer snapshot */
#define QUERY_ANSWER_BYTES_MAX (64 << 20)  /* one answer over HTTP */
#define QUERY_OUTPUT_BYTES_MAX (1LL << 30) /* one answer of `crumb query` */
#define PATHS_STEPS_MAX 20
#define PATHS_STEPS_DEFAULT 5
#define PATHS_NODES_MAX 50 /* pages told of one step, and whole paths */
#define PATHS_NODES_DEFAULT 10
#define PATHS_PAGES_MAX (1 << 18)     /* different pages on the paths of one question */
#define PATHS_DIFFERENT_MAX (4 << 20) /* different paths */
#define PATHS_BYTES_MAX (64 << 20)    /* their memory, and that of the pages' names */
#define FUNNEL_STEPS_MAX 20
#define FUNNEL_ANY_MAX 16              /* pages or events of which any makes a step */
#define FUNNEL_NAME_BYTES_MAX 256      /* what a step is called */
#define FUNNEL_WINDOW_S_MAX 86400      /* no visit is longer than a day */
#define FUNNEL_VISITORS_MAX (16 << 20) /* that came to the first step */
#define PROGRESS_DRAWS_PER_S 10        /* of the bar of a long command */
#define WATCH_SECONDS 60               /* that `crumb watch` shows */
#define WATCH_VIEWS_MAX 8192           /* page views that it remembers of a minute */
#define WATCH_HOST_BYTES_MAX 64        /* of what names a page there */
#define WATCH_PATH_BYTES_MAX 192       /* the same */
#define WATCH_PAGES_MAX 12             /* that it shows */
#define WATCH_LOOKS_MAX 1000000        /* seconds that can be asked for */
#define POOL_THREADS 2                 /* of each pool: one looks up for visitors, the other answers analysts */
#define LOOP_EXPORTS_MAX 2             /* exports under way on one loop: each holds a day */
#define POOL_JOBS_MAX 1024

_Static_assert(RIGHTS_WAIT_MS < STOP_LOOPS_MS_MAX, "nobody waits for a job longer than for a stop");
_Static_assert(RETENTION_JOURNAL_MS_MIN > 25LL * 3600 * 1000 + DELAY_MS_MAX + SEAL_GRACE_MS,
               "nothing can come any more for a day whose journal expires");
_Static_assert(RETENTION_SEGMENTS_MS_MIN > (31 * 24 + 1) * 3600LL * 1000 + DELAY_MS_MAX + SEAL_GRACE_MS,
               "a month is over and sealed before its first day expires");
_Static_assert(RATE_BURST_S *RATE_ADDRESS_PER_S >= EVENTS_PER_BODY_MAX, "a full body is no flood");
_Static_assert(STOP_LOOPS_MS_MAX < STOP_MS_MAX, "the writer and the store have time to close");
_Static_assert(CONNECTIONS_PRIVATE_MAX < CONNECTIONS_SPARE_FILES, "some connections are left for visitors");
_Static_assert(EXPORT_TEXTS_BYTES_MAX >= 6LL * SEGMENT_TEXT_BYTES_MAX, "any dictionary can be exported");
_Static_assert(EXPORT_ROW_BYTES_MAX > 12 * QUERY_BYTES_MAX + 8192, "any event can be exported");
_Static_assert(CONSENT_BODY_BYTES_MAX <= BODY_BYTES_MAX, "the server reads bodies up to BODY_BYTES_MAX");
_Static_assert(QUERY_BODY_BYTES_MAX <= BODY_BYTES_MAX, "the server reads bodies up to BODY_BYTES_MAX");
_Static_assert(QUERY_BYTES_MAX < JOURNAL_RECORD_BYTES_MAX, "any event that can be received can be stored");
_Static_assert(31 * QUERY_RANGE_COUNT_MAX <= QUERY_DAYS_MAX, "any \"6mo\" that can be asked is answered");
_Static_assert(4 * DB_RESERVE_BYTES_MIN <= DB_SIZE_BYTES_MIN, "the smallest store has room beside its reserve");
_Static_assert(AGENT_RULES_MAX % 64 == 0, "their bits fill whole words");
_Static_assert(AGENT_MATCH_BYTES_MAX <= AGENT_BYTES_MAX, "expressions see a part of what is looked at");
_Static_assert(AGENT_SCAN_STATES_MAX <= 65536, "states are numbered in 16 bits");
_Static_assert(PURPOSES_MAX <= 32, "purposes are held in 32-bit masks");
_Static_assert(TRAIL_RECORD_BYTES_MAX >
                   TRAIL_NAME_BYTES_MAX + SITE_NAME_BYTES_MAX + TRAIL_OBJECT_BYTES_MAX + TRAIL_DETAILS_BYTES_MAX + 256,
               "a full record fits");
_Static_assert(ACT_BYTES_MAX >= TRAIL_RECORD_BYTES_MAX, "any act can be recorded");
_Static_assert(TOKEN_NAME_BYTES_MAX <= TRAIL_NAME_BYTES_MAX, "any token can be named");
_Static_assert(REQUEST_BODY_BYTES_MAX > 6 * (REQUEST_TEXT_BYTES_MAX + REQUEST_CONTACT_BYTES_MAX) + 512,
               "any request can be sent");
_Static_assert(REQUEST_BODY_BYTES_MAX <= BODY_BYTES_MAX, "the server reads bodies up to BODY_BYTES_MAX");
_Static_assert(REQUEST_BYTES_MAX > REQUEST_TEXT_BYTES_MAX + REQUEST_CONTACT_BYTES_MAX + 512 +
                                       REQUEST_STEPS_MAX * (REQUEST_NOTE_BYTES_MAX + TRAIL_NAME_BYTES_MAX + 32),
               "a full request fits");
_Static_assert(LEDGER_RECORD_BYTES_MAX > PURPOSES_MAX * (PURPOSE_NAME_BYTES_MAX + 2) + 512, "a full record fits");
