"""English words that decide how two wordings of a question compare."""

FUNCTION_WORDS = frozenset(
    """a about actually again all also am an and any anyone anything are as at be been being but by
    can could d dear did do does doing down either else ever exactly for from had has have
    having he hello her here hey hi him his i if in into is it its just kindly let ll m may
    maybe me might mine must my near no nope not now of ok okay on one ones only or other
    our ours out over please pls properly quite re really right s shall she should so some
    sorry such than thank thanks that the their them then there these they this those to too
    up us ve very was we were what will with would yes yo you your yours""".split()  # noqa: SIM905 - a list is three times as long
)
QUESTION_WORDS = frozenset(("how", "when", "where", "which", "who", "whose", "why"))

# What a text asks for, by its first words after these.
BEFORE_THE_POINT = frozenset(
    """also and can could do just kindly know me now please pls tell then will would
    you""".split()  # noqa: SIM905
)
ASKED = {
    first: asked
    for asked, words in {
        "order": """
            activate add apply arm assign attach block book build buy call cancel
            change charge clean clear close compose connect convert copy create
            decrease delete deploy dim disable disconnect download draft draw edit
            email empty enable export freeze generate import increase insert install
            invite join load lock lower measure merge move mute open order pause pay
            pick pin play post print publish push raise record reduce register
            remove rename rent reorder replace reply reserve restart resume run save
            scan schedule send set share sign skip snooze start stop submit
            subscribe switch text transfer translate turn uninstall unlock unmute
            unsubscribe update upgrade upload vacuum verify water withdraw write
        """,
        "thing": "what which",
        "truth": "are did does has is was were",
        "way": """how_am how_are how_can how_could how_did how_do how_does how_i how_is how_should
            how_to how_would""",
        "person": "who whose",
        "reason": "why",
        "time": "when how_long",
        "place": "where how_far",
        "amount": "how",
    }.items()
    for first in (word.replace("_", " ") for word in words.split())
}

# Two that may be asked for in one and the same matter; all others are two questions.
AKIN = frozenset(
    frozenset(pair.split("/"))
    for pair in """
    order/way thing/truth thing/way thing/person thing/reason thing/time thing/place thing/amount
    truth/way truth/place way/reason way/place time/place
    """.split()  # noqa: SIM905
)

# What a condition begins with, and what a problem does, of which more is told instead.
CONDITIONS = frozenset(
    """about above after aimed and as at before below between but by during except for from if in
    into less more near not of on only over per since than that to under until where which
    while who with within without""".split()  # noqa: SIM905
)
PROBLEMS = frozenset(("i", "it", "my", "our", "the", "there", "this", "we", "why"))
NEGATIONS = frozenset(("not", "no", "never", "none", "neither", "nor", "without"))
DETERMINERS = frozenset(("a", "an", "the", "my", "your", "our", "his", "her", "their", "this"))
ROLES = ("from", "to", "into", "before", "after", "than")  # what follows them says which is which

CONTRACTIONS = {
    "ca": ("can",), "wo": ("will",),  # of can't, won't without their n't
    "cannot": ("can", "not"), "cant": ("can", "not"), "dont": ("do", "not"),
    "doesnt": ("does", "not"), "didnt": ("did", "not"), "isnt": ("is", "not"),
    "wont": ("will", "not"), "wasnt": ("was", "not"), "havent": ("have", "not"),
    "hasnt": ("has", "not"), "arent": ("are", "not"), "couldnt": ("could", "not"),
    "whats": ("what",), "wheres": ("where",), "hows": ("how",), "im": ("i",), "ive": ("i",),
}  # fmt: skip

# "one" is left out: it is a pronoun more often than a number.
NUMBERS = {
    name: str(number)
    for number, name in (
        *enumerate(
            """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
            sixteen seventeen eighteen nineteen twenty""".split(),  # noqa: SIM905
            2,
        ),
        *zip(
            range(30, 100, 10),
            ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
            strict=True,
        ),
        (100, "hundred"),
        (1000, "thousand"),
        (2, "twice"),
    )
}

# Two of one line are two things. "may" is left out: it is an auxiliary more often than a month.
RIVALS = tuple(
    frozenset(line.split())
    for line in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "january february march april june july august september october november december",
        "spring summer autumn winter",
        "yesterday today tonight tomorrow",
        "morning noon afternoon evening night midnight",
        "red blue green yellow orange purple pink brown beige black white grey gray silver golden",
    )
)

OPPOSITE_PREFIXES = ("un", "dis", "de", "in", "im", "ir", "il", "non", "anti", "mis", "re")

OPPOSITES = frozenset(
    frozenset(pair.split("/"))
    for pair in """
    am/pm on/off up/down in/out left/right front/back top/bottom inside/outside indoor/outdoor
    with/without before/after above/below over/under open/close opened/closed opens/closes
    start/stop start/end begin/end start/finish first/last earliest/latest early/late
    earlier/later next/previous old/new oldest/newest young/old high/low higher/lower
    highest/lowest long/short longer/shorter longest/shortest big/small bigger/smaller
    large/small larger/smaller largest/smallest biggest/smallest more/less more/fewer most/least
    many/few maximum/minimum max/min fast/slow faster/slower fastest/slowest hot/cold warm/cool
    warmer/cooler warmer/colder hotter/colder light/dark lighter/darker bright/dim
    brighter/dimmer loud/quiet louder/quieter cheap/expensive cheaper/dearer cheapest/dearest
    increase/decrease increase/reduce raise/lower rise/fall grow/shrink expand/collapse
    add/remove add/delete add/subtract create/delete insert/delete buy/sell borrow/lend
    deposit/withdraw credit/debit send/receive sent/received pay/receive incoming/outgoing
    inbound/outbound import/export upload/download push/pull read/write encode/decode
    encrypt/decrypt compress/decompress pack/unpack zip/unzip show/hide enable/disable
    allow/deny allow/forbid allow/block accept/reject accept/decline approve/reject
    approve/decline arrive/depart arrival/departure arrivals/departures arrives/departs
    arrives/leaves arrive/leave join/leave enter/exit give/take win/lose pass/fail succeed/fail
    save/discard include/exclude attach/detach connect/disconnect mute/unmute
    ascending/descending forward/backward forwards/backwards horizontal/vertical public/private
    internal/external domestic/international male/female employer/employee buyer/seller
    sender/recipient positive/negative true/false good/bad best/worst better/worse right/wrong
    full/empty wet/dry hard/soft hard/easy easy/difficult heavy/light thick/thin wide/narrow
    same/different love/hate always/never everyone/nobody all/none both/neither formal/informal
    gross/net input/output source/target client/server parent/child husband/wife mother/father
    mum/dad brother/sister son/daughter checkin/checkout
    """.split()  # noqa: SIM905
)
