"""English."""

from cleo_memory.formation.grammar import Language

MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
WORDS = {
    "I": r"\b(?:I|we)(?: (?:both|all))?",
    "am": r"\b(?:I'm|I am|im|i've been|I have been)",
    "weare": r"\b(?:I'm|I am|im|we're|we are)",
    "have": r"\b(?:I|we)(?:'ve| have)(?: got)?",
    "adv": r"(?: (?:actually|now|currently|just|also|still|really|recently|finally|only|always|usually|mostly|mainly|generally|have|absolutely|totally|simply|truly|quite|rather|secretly|honestly|genuinely|dearly|particularly|especially|often|sometimes|regularly|occasionally|so|already|even|do|since|today|personally|no longer a child but))*",
    "my": r"\b(?:my|our)",
    "is": r"(?:'s| is| are|'re)(?: now| currently| still| actually| really| just| simply)?",
    "a": r"(?:a |an |the |my |our |some |one )?",
    "new": r"new|current|little|older|younger|elder|big|own|youngest|oldest|eldest|baby|dear|lovely|beloved|first|full|real",
    "month": MONTH,
    "date": rf"(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}\b\.?(?:,? \d{{4}})?|{MONTH}\b\.?(?: the)? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?|{MONTH}\b(?: \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}(?:[./]\d{{2,4}})?|(?:19|20)\d\d|(?:next |this |on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|tonight|the day after tomorrow|(?:next|this coming|this) (?:week|weekend|month|year|spring|summer|autumn|fall|winter)|in (?:a|an|one|two|three|four|five|six|ten|\d+) (?:days?|weeks?|months?|years?)|christmas|easter|new year|\d{{1,2}}(?::\d\d)? ?(?:am|pm|o'clock)|\d{{1,2}}:\d\d)",
    "relative": r"(?:\w+[- ])?(?:sister|brother|mother|mum|mom|father|dad|son|daughter|wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|aunt|uncle|cousin|niece|nephew|grandmother|grandma|grandfather|grandpa|friend|boss|manager|flatmate|roommate|neighbour|neighbor|teacher|doctor|dentist|therapist|landlord|landlady|colleague|twin|stepson|stepdaughter|godson|goddaughter)",
    "close": r"(?:twin |little |big |older |younger )?(?:sister|brother|mother|mum|mom|father|dad|son|daughter|wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|grandmother|grandma|grandfather|grandpa|stepson|stepdaughter|grandson|granddaughter|niece|nephew|cousin|aunt|auntie|uncle)(?:-in-law)?",
    "pet": r"(?:\w+[- ])?(?:dog|cat|puppy|kitten|rabbit|hamster|parrot|horse|pony|fish|goldfish|tortoise|turtle|snake|lizard|guinea pig|budgie|canary|bird|ferret|hen|chicken|goat|pet|rat|mouse|gecko|cow|donkey|sheep|pig|beagle|poodle|labrador|terrier|spaniel|dachshund|greyhound|whippet|collie|sheepdog|corgi|pug|husky|bulldog|boxer|retriever|chihuahua|dalmatian|setter|schnauzer|tabby|siamese|cockatiel|cockatoo|macaw|parakeet|duck|goose|alpaca|llama|hedgehog|chinchilla|axolotl|iguana|chameleon|tarantula|mule|mare|stallion|foal|lamb)",
    "health": r"asthma|diabetes|migraines?|epilepsy|adhd|arthritis|hay fever|eczema|insomnia|anxiety|depression|coeliac disease|celiac disease|high blood pressure|a heart condition|a pacemaker|dyslexia|autism",
    "durable": r"house|flat|apartment|car|bike|bicycle|boat|piano|guitar|violin|cello|camera|phone|laptop|van|motorbike|motorcycle|scooter|telescope|computer|tablet|horse|dog|cat|puppy|kitten|cottage|cabin|caravan|camper|tent|kayak|drone|watch|printer|tractor|land|farm",
    "work": r"nurse|teacher|doctor|lawyer|baker|cook|chef|writer|driver|painter|plumber|builder|carpenter|farmer|singer|dancer|actor|actress|waiter|waitress|barber|butcher|tailor|translator|interpreter|editor|author|professor|lecturer|tutor|coach|pilot|sailor|soldier|clerk|judge|vet|veterinarian|surgeon|midwife|paramedic|firefighter|police officer|officer|mechanic|electrician|welder|gardener|florist|cleaner|caretaker|cashier|shopkeeper|salesman|saleswoman|consultant|analyst|accountant|architect|engineer|developer|programmer|designer|photographer|journalist|reporter|librarian|scientist|researcher|biologist|chemist|physicist|mathematician|pharmacist|psychologist|therapist|physiotherapist|optician|student|postdoc|intern|apprentice|manager|director|secretary|receptionist|bookkeeper|banker|broker|potter|weaver|jeweller|goldsmith|blacksmith|beekeeper|fisherman|forester|geologist|astronomer|historian|archaeologist|curator|sculptor|musician|composer|conductor|pianist|violinist|drummer|cellist|freelancer|social worker|bus driver|data scientist|roofer|mason|bricklayer|glazier|tiler|joiner|locksmith|postman|courier|priest|pastor|monk|nun|diver|stonemason|dentist|carer|childminder|nanny|au pair|barista|bartender|sommelier|brewer|winemaker|statistician|economist|sociologist|linguist|illustrator|animator|tester|technician|operator|inspector|surveyor|notary|paralegal|judge|diplomat|politician|mayor|councillor",
}
RULES = (
    # who
    ("name", r"<my> (?:full |first |real |own )?name<is> <name>"),
    ("name", r"<am> called <name>"),
    ("name", r"\bthe name(?:'s| is) <proper>(?= *(?:$|[,.!]))"),
    ("name.preferred", r"(?:^|\b(?:please|just|can|people|friends|everyone|everybody) )(?:all )?call me <name>"),
    (
        "name",
        r"^(?:(?:hi|hello|hey|good (?:morning|evening|afternoon)|ok|well|so)(?: there| cleo)?[,!. ]+)?(?:<am>|this is|it's) <proper>(?= *(?:$|[,.!]|and\b|from\b|by the way|here\b))",
    ),
    ("{noun}.name", r"<my> <noun>(?:<is>|'s been)? (?:called|named) <name>"),
    (
        "{noun}.name",
        r"<my> <noun> (?:is|was) [^,;]{2,30} and (?:is |(?:his|her|its) name is |(?:he|she)'s |(?:he|she) is )(?:called |named )?<proper>",
    ),
    ("{noun}.name", r"<my> <noun>'s? (?:\w+ )?name<is> <name>"),
    ("{noun}.name", r"\bthe names? of <my> <noun><is> <name>"),
    (
        "{noun}.name",
        r"(?:<have>|<I><adv> (?:adopted|own|bought|got|keep|rescued|share my (?:home|flat|house) with)) (?:an? |one |another )?<noun>,? (?:called|named|whose name is|by the name of) <name>",
    ),
    ("{noun}.name", r"^(?:and |but |so )?<proper> is (?:the name of )?<my> (?P<noun><close>|<pet>)\b(?:'s name)?"),
    ("{noun}.name", r"<my> (?P<noun><close>|<pet>),? <proper>"),
    ("{noun}.name", r"<I><adv> (?:named|call|called) <my> (?:new )?<noun> <name>"),
    ("{noun}.name", r"<my> (?P<noun><relative>|<pet>) answers to(?: the name(?: of)?)? <name>"),
    ("age", r"<am><adv> (?:only |almost |nearly )?<number>(?= *(?:years?|yrs?|yo|y/o|$|[,.!;]| and| now))"),
    ("age", r"<I>(?:'ve| have)?<adv> turned <number>"),
    ("age", r"<am> an? <number>[- ]year[- ]old"),
    ("age", r"<my> age<is> <number>"),
    (
        "birthday",
        r"<my> (?:birthday|date of birth|birth date)<is>(?: on| in)?(?: the)? (?P<when>[^,;!?]*\d[^;!?]*|<month>.*)",
    ),
    ("birthday", r"\bI was born(?: in (?:the )?[^\d,;]{2,40}?)?,? (?:on|in)(?: the)? <when>"),
    (
        "shoe-size",
        r"<I><adv> (?:wear|take)(?: an?)? (?:shoes (?:in|of) )?(?:shoe )?size (?P<thing>\d{1,2}(?:[.,]5)?)(?= *(?:$|[,.!;]|shoes?|in shoes))",
    ),
    ("birthday", r"\bI celebrate my birthday (?:on|in)(?: the)? <when>"),
    ("{noun}.birthday", r"<my> (?P<noun><relative>)'s birthday<is>(?: on| in)?(?: the)? <when>"),
    ("origin", r"(?:<am><adv>(?: originally)?|\bI come|\bI hail|\bI am originally) from <place>"),
    (
        "origin",
        r"\bI (?:was born|grew up|was raised|was born and raised)(?: (?:on|in) (?=[^,]*\d)[^,;]{3,30}?)? (?:in|near) <place>",
    ),
    ("origin", r"<my> (?:home ?town|birthplace|native (?:city|town|village))<is> <place>"),
    (
        "family.status",
        r"<weare><adv> (?P<thing>(?:happily |recently |newly )?(?:married|single|divorced|engaged|widowed|retired|pregnant)(?: to [A-Z]\w+)?)(?= *(?:$|[,.!;]| and| with| since| for| now))",
    ),
    (
        "family.*",
        r"<have><adv> (?P<thing>(?:a|an|one|two|three|four|five|six|\d) (?:\w+ )?(?:kids?|child(?:ren)?|sons?|daughters?|brothers?|sisters?|siblings?|twins?|grandchild(?:ren)?|nieces?|nephews?|boys?|girls?|cousins?)\b)",
    ),
    (
        "pets.*",
        r"(?:<have><adv>|<I><adv> (?:own|keep|adopted|rescued)) (?P<thing>(?:an? |one |two |three |four |five |six |\d+ )(?:[\w-]+ )?<pet>(?:s|es)?\b)(?! (?:called|named|whose))",
    ),
    # where
    (
        "home.city",
        r"<I>(?:'m|'re|'ve been|'ve| am| are| have been| have)?<adv> (?:live|living|lived|reside|residing|based|dwell|settled)(?: (?:now|here|currently|alone|together|happily|again))* (?:in|at|near|outside|by)(?: (?:the )?(?:city|town|village|centre|center|heart|outskirts|suburbs|middle|north|south|east|west) of)? <place>(?! (?:until|till|before|as a child|when I was))",
    ),
    ("home.city", r"<am><adv> in <place>(?= (?:now|these days|at the moment))"),
    ("home.city", r"<my> (?:home|flat|apartment|house|place|new place|new home|new flat)<is> in <place>"),
    ("home.city", r"^(?:these days |now |and )?<place> is (?:now )?<my> (?:new )?(?:home|city)\b"),
    (
        "@home.city",
        r"<I>(?:'ve| have)?<adv> (?:moved|relocated|emigrated|immigrated|settled)(?: (?:house|here|back|over|out|away|down|up))*(?: in <month>| last \w+| this \w+)?,? from <old>,? (?:in)?to <place>",
    ),
    (
        "@home.city",
        r"<I>(?:'ve| have)?<adv> (?:moved|relocated|emigrated|immigrated)(?: (?:house|here|back|over|out|away|down|up|again|in with \w+))*(?: in <month>| last \w+| this \w+)?,? (?:in)?to <place>(?: from <old>(?= *(?:$|[,.!;]|in\b|last\b|this\b|on\b|two\b|a\b)))?",
    ),
    (
        "!home.city",
        r"\bI (?:no longer live|do not live|don't live|am no longer|don't reside)(?: any ?more)?(?: in <place>)?(?= *(?:$|[,.!;]|any))",
    ),
    ("address", r"<my> (?:home |postal |new )?address<is> (?P<thing>[^;!?]*\d[^;!?]*)"),
    # work and study
    (
        "work.job",
        r"<I>(?:'m|'re|'ve been| am| have been)?<adv> work(?:ing|ed)?(?: (?:full[- ]time|part[- ]time|now|here|(?:night|day|late|early) shifts?))? as <a><job>",
    ),
    (
        "work.job",
        r"<am><adv> (?:a|an|the) (?P<job>(?:[\w-]+ ){0,2}(?:<work>|\w{3,}(?:ologist|ician|smith|maker|keeper)))\b",
    ),
    (
        "work.job",
        r"<I><adv> teach (?!(?:myself|you|them|him|her|me|people|kids|children)\b)(?P<thing>[a-z][^,;!?]{2,40})",
    ),
    ("work.job", r"<am><adv> (?:training|studying|learning|retraining) (?:to be|to become|as) <a><job>"),
    ("work.job", r"<my> (?:job|profession|occupation|trade)<is> (?:that of |as |being )?<a><job>"),
    (
        "work.job",
        r"<I>(?:'ve| have)?<adv> (?:became|become|got promoted to|was promoted to|been promoted to|earn (?:my|a) living as|make (?:my|a) living as|trained as|retrained as|got a job as|started as)<adv> <a><job>",
    ),
    (
        "work.employer",
        r"<I>(?:'m|'ve been| am| have been)?<adv> work(?:ing)?(?: (?:full[- ]time|part[- ]time|now|here|remotely|(?:night|day|late|early) shifts?))? (?:for|at|with) <thing>",
    ),
    (
        "work.employer",
        r"<I>(?:'m|'ve been| am| have been)?<adv> work(?:ing)?(?: (?:full[- ]time|part[- ]time|now))? in (?P<thing>(?:an? |the )?[^,;!?]+)",
    ),
    (
        "@work.employer",
        r"<I>(?:'ve| have)?<adv> (?:joined|changed to|switched to|got hired by|was hired by|been hired by|been working for|started (?:work(?:ing)? |a (?:new )?job |my new job )?(?:at|for|with)|got a (?:new )?job (?:at|with)|found a (?:new )?job (?:at|with)|took a (?:new )?(?:job|position) (?:at|with)) (?!them\b)<thing>",
    ),
    ("work.employer", r"<my> (?:employer|company|firm|workplace)<is> (?:called )?<thing>"),
    ("work.employer", r"<my> (?:new )?(?:job|position)<is> (?:at|with) <thing>"),
    ("work.employer", r"<am> employed (?:at|by|with) <thing>"),
    ("!work.employer", r"\bI(?:'ve| have)?<adv> (?:quit|left|lost) my job(?: at <thing>)?"),
    ("!work.employer", r"\bI (?:no longer work|don't work|do not work) (?:for|at|with) <thing>"),
    (
        "study",
        r"<I>(?:'m|'ve been| am| have been)?<adv> (?:study|studying|major in|majoring in|doing a (?:degree|phd|master's) in|reading for a degree in) <thing>",
    ),
    ("study", r"<am><adv> an? (?P<thing>[\w-]+(?: [\w-]+)?) student\b"),
    ("study.place", r"<I><adv> (?:go to|attend) (?P<thing>[^,;!?]*(?:university|college|school|academy)[^,;!?]*)"),
    # what the body says
    ("allergy.*", r"<am><adv> (?:\w+ly |very )?allergic to <thing>"),
    ("allergy.*", r"<have> an? (?:\w+ )?allergy to <thing>"),
    (
        "allergy.*",
        r"<have> an? (?:severe |bad |serious |mild |strong |life-threatening )?(?P<thing>[\w-]+(?: [\w-]+)?) allergy",
    ),
    ("allergy.*", r"^(?:please )?(?:keep in mind|note|beware|remember|mind)(?: that)? <my> (?P<thing>[\w-]+) allergy"),
    ("allergy.*", r"<my> allergy to <thing>"),
    (
        "allergy.*",
        r"^(?P<thing>(?!(?:it|this|that|they|he|she|you|we|i)\b)[^,;!?]{3,40}?) (?:gives?|brings?) (?:me|us) (?:out in )?(?:hives|a rash|an itchy \w+|asthma attacks)",
    ),
    ("allergy.*", r"<am><adv> (?P<thing>[\w-]+)[- ]intolerant"),
    ("allergy.*", r"<am> intolerant (?:to|of) <thing>"),
    (
        "diet.*",
        r"\b(?:I|we)<adv> (?:cannot|can't|can not|mustn't|must not|may not|shouldn't|am not allowed to) (?:eat|drink|have|tolerate|digest|stomach) (?:any )?<thing>",
    ),
    (
        "diet",
        r"(?:<weare>|<have> been)<adv> (?:an? )?(?:strict |lifelong |committed )?(?P<thing>vegetarians?|vegans?|pescatarians?|pescetarians?|coeliac|celiac|flexitarian|fruitarian|gluten[- ]free|teetotal)\b",
    ),
    (
        "diet",
        r"<I>(?:'ve| have)?<adv> (?:became|become|gone|went|turned|decided to go|decided to become|am going) (?P<thing>vegetarian|vegan|pescatarian|flexitarian|teetotal)",
    ),
    (
        "diet",
        r"<I><adv> (?:eat|keep|follow)(?: an?)? (?P<thing>halal|kosher|(?:vegan|vegetarian|keto|gluten[- ]free|low[- ]carb|paleo)(?: diet| food)?)\b",
    ),
    ("diet.*", r"\b(?:I|we)<adv> (?:do not|don't|never|no longer)<adv> (?:eat|drink|touch) (?:any )?<thing>"),
    (
        "diet.*",
        r"\bI(?:'ve| have)?<adv> (?:given up|gave up|stopped|quit) (?:eating |drinking )?(?P<thing>meat|fish|dairy|alcohol|coffee|sugar|gluten|smoking|wheat|eggs|cheese|milk|pork|beef|caffeine)\b",
    ),
    ("!diet", r"\bI(?:'m| am) (?:no longer|not)(?: an?)? (?P<thing>vegetarian|vegan|pescatarian)(?: any ?more)?"),
    (
        "health.*",
        r"(?:<have>|\bI suffer from|\bI was diagnosed with|\bI(?:'ve| have) been diagnosed with|\bI live with) (?P<thing><health>)\b",
    ),
    ("health.*", r"(?:\bI suffer from|\bI was diagnosed with|\bI(?:'ve| have) been diagnosed with) <thing>"),
    (
        "health.*",
        r"<am><adv> (?:an? )?(?P<thing>(?:type \d )?diabetic|deaf|blind|colou?r[- ]?blind|left[- ]handed|right[- ]handed|dyslexic|autistic|asthmatic|epileptic|short-sighted|lactose[- ]intolerant)\b",
    ),
    ("blood.type", r"<my> blood (?:type|group)<is> (?P<thing>(?:AB|A|B|0|O)\b.*)"),
    # what one can and does
    (
        "language.*",
        r"<I><adv>(?: can)? speak(?: (?:fluent|some|a little|a bit of|good|perfect|broken))? (?P<thing>(?-i:[A-Z])[^;!?.]{2,60})",
    ),
    (
        "language.*",
        r"(?:<am><adv>|<I><adv>) (?:learning|learn|taking lessons in|teaching myself)(?: to (?:speak|play))? <thing>",
    ),
    ("language.*", r"<am><adv> (?:fluent|bilingual) in <thing>"),
    ("language.*", r"<my> (?:native|first|mother|second)(?: language| tongue)<is> <thing>"),
    (
        "hobby.*",
        r"<I><adv> (?:play|collect|sing in|practi[cs]e|volunteer at|volunteer for|coach) (?!(?:with|around|along|it|down|up|out)\b)<thing>",
    ),
    (
        "hobby.*",
        r"<I><adv> (?P<thing>(?:go )?(?:paint|knit|climb|swim|jog|garden|sculpt|cycle|kayak|dance|bake|brew|sail|ski|surf|hike|run|birdwatch)(?:ing)?\b[^,;!?]{0,40}(?:every|on|each|once|twice|a week|weekends?)\b.*)",
    ),
    ("hobby.*", r"<my> (?:main |favou?rite |biggest |new |greatest )?(?:hobby|hobbies|pastime|passion)<is> <thing>"),
    ("hobby.*", r"\b(?:in|during) <my> (?:free|spare) time,? I(?:'m| am)?<adv> <thing>"),
    # what one likes
    (
        "favourite.{noun}",
        r"<my> (?:all[- ]time |absolute |very |new )?favou?rite <noun>(?: of all time| ever| at the moment)?<is> <thing>",
    ),
    (
        "favourite.{noun}",
        r"^(?P<thing>[^,;!?]{2,50}?) (?:is|are) <my> (?:all[- ]time |absolute |new )?favou?rite <noun>(?= *(?:$|[,.!;]))",
    ),
    (
        "dislike.*",
        r"<I><adv> (?:hate|dislike|detest|loathe|can't stand|cannot stand|can't bear|don't like|do not like|don't enjoy|don't care for|really don't like|never liked) <thing>",
    ),
    ("dislike.*", r"<am> (?:not a (?:big |great )?fan of|scared of|afraid of|terrified of) <thing>"),
    (
        "like.*",
        r"<I><adv> (?:love|like|adore|enjoy|prefer|am fond of|'m fond of|(?:a|')m into|(?:a|')m keen on|(?:a|')m crazy about|(?:a|')m passionate about|have a soft spot for) <thing>",
    ),
    (
        "like.*",
        r"<am><adv> (?:fond of|into|keen on|crazy about|mad about|passionate about|addicted to|a (?:big |huge |great |massive )?(?:fan|lover) of) <thing>",
    ),
    (
        "like.*",
        r"<am><adv> a (?:big |huge |great |massive )?(?P<thing>[\w-]+(?: [\w-]+)?) (?:fan|lover|person|enthusiast)\b",
    ),
    # what one has
    (
        "vehicle",
        r"<I><adv> drive <a>(?:an? )?(?P<thing>(?!kids\b|children\b|people\b|to\b|for\b|home\b|there\b|back\b|past\b|through\b|around\b)[^,;!?]{2,50})",
    ),
    ("vehicle", r"<I>(?:'ve| have)?<adv> (?:traded|part-exchanged) [^,;!?]{2,30}? for <a>(?P<thing>[^,;!?]{2,40})"),
    (
        "own.*",
        r"<I>(?:'ve| have)?<adv> (?:bought|purchased|got myself) (?:myself |ourselves )?(?P<thing>an? (?:new |used |second-hand )?(?-i:[A-Z])[\w-]+(?: [A-Z0-9][\w-]*)*)",
    ),
    ("own.*", r"<I><adv> own (?P<thing>(?:an? |two |three |\d+ )[^,;!?]{2,50})"),
    (
        "own.*",
        r"<I>(?:'ve| have)?<adv> (?:bought|purchased|got myself|built|inherited) (?:myself |ourselves )?(?P<thing>(?:an? |the |my first |our first )?(?:[\w-]+ ){0,3}<durable>)\b",
    ),
    ("own.*", r"<have><adv> (?P<thing>an? (?:[\w-]+ ){0,3}<durable>)\b(?! (?:for you|called|named))"),
    # what is to come
    (
        "plan.{noun}",
        r"<my> (?:next |upcoming )?<noun>(?: (?:to|for|with|in|from) [^,;!?]{2,40}?)?(?:<is>| starts| begins| leaves| departs| takes off| takes place| ends| arrives|(?: has been| was| has| is|'s been| got| have been| were) (?:moved|postponed|rescheduled|pushed back|brought forward|changed)(?: from [^,;]{3,20}?)? to| falls)(?: due| booked| scheduled| planned)?(?: on| at| in| for| to)?(?: the)? <when>",
    ),
    (
        "plan.*",
        r"<have><adv> (?!been\b|had\b|never\b|to\b|(?:an? |no |some )?(?:idea|ideas|question|questions|feeling|problem|thought|doubt|suggestion)\b)(?P<thing>(?:an? |my |our )?[^,;!?]{3,70}?(?: on| at| in|) ?(?:the )?(?:<date>)[^,;!?]{0,30})",
    ),
    (
        "plan.*",
        r"(?:<weare><adv> (?:going to|travell?ing|flying|moving|visiting|getting|starting|leaving|driving|meeting|running|taking|having|planning|going|spending|hosting|attending|seeing|graduating|marrying|retiring|sitting|giving|performing|competing|expecting|opening|launching|off|headed|heading|bound|due|booked|invited)|<I>(?:'ll| will| plan to| intend to| want to| hope to| fly| leave| travel| start| need to| must| have to| shall| get)) (?P<thing>[^;!?]{0,70}?(?:on |in |at |by |the |around )*(?:<date>)[^;!?]{0,30})",
    ),
    (
        "plan.*",
        r"<am><adv> (?P<thing>(?:planning|saving|training(?! to be\b)|preparing|practising) (?:for |to |up for )?[^,;!?]{3,60})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:on |in |at |this |next )?(?:<date>),? (?:<weare>|<I>(?:'ll| will| have| fly| leave| travel| start| must))[^;!?]{4,70})",
    ),
    ("plan.wedding", r"\b(?:the|our) wedding<is>(?: on| in)? <when>"),
    # what happened
    (
        "event.*",
        r"<I>(?:'ve| have)?<adv> (?P<thing>(?:adopted|graduated|won|broke (?:my|an|a)|ran (?:a|the|my)|climbed|published|completed|finished (?:my|the|a)|passed (?:my|the)|failed (?:my|the)|retired|got (?:married|engaged|divorced|promoted|my)|had (?:surgery|an operation|a baby)|became|signed up for|enrolled|founded|lost my|sold my|started (?:learning|playing|a)|took up|quit|sprained|tore|visited|travell?ed to|hiked)\b[^,;!?]{0,60})",
    ),
    # anything else that is mine
    ("?{noun}", r"(?<!of )(?<!for )(?<!in )<my> <noun><is> <thing>"),
)
ENGLISH = Language(
    code="en",
    mine=r"\b(?:i|i'm|im|i've|i'd|i'll|my|me|our|we|we're|we've|mine|the name(?:'s| is))\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!i\b|we\b)[\w']+ (?:also |just |always |once |never )?(?:said|says|say|told|tells|claims|claimed|thinks|thought|believes|believed|asked|asks|wrote|writes|heard|replied|answered|mentioned|reckons|insists|wants|jokes|joked|texted)\b|\baccording to\b|\bin (?:his|her|their) words\b|\bi (?:heard|read) that\b|\b(?:he|she|they)(?:'s| is| are| was| were)? like\b",
    unreal=r"\b(?:if|unless|suppose|supposing|imagine|pretend|pretending|whether|wish|would|wouldn't|could|as though|feel like|felt like|in the game|in this game|in my game|dream(?:t|ed)?|dreamed|story|novel|poem|character|lyrics|role[- ]?play|hypothetically|let's say|for example|translate|rewrite|rephrase|paraphrase|proofread|summari[sz]e|correct this|fix this|spell|how do (?:i|you) say|write (?:a|an|me|about)|acting as|what|where|who|whose|which|why|how|in case|song|lie|lying|joke|joking|kidding)\b|^(?:do|does|did|am|is|are|was|were|have|has|can|could|should|will|would|may) (?:i|my|you|we)\b",
    past=r"\b(?:used to|formerly|as a child|when i was|back then|almost|nearly|in the past)\b",
    later=r"(?:^|[,;.] |\band )(?:(?:his|her|its) name(?:'s| is)|(?:he|she|it)(?:'s| is) (?:called|named)) <name>",
    starts=r"i|i'm|im|i've|i'd|i'll|my|we|we're|our|he|she|they|it|it's|you|his|her|their|the|there|this|that|if|please|now(?! (?:work|live|speak|drive|play|study|have|am)\b)",
    joins=r"and|but|so|because|while|although|though|whereas|then|yet|plus|as|since",
    subject="I ",
    verbs=r"started|joined|bought|got|became|switched|adopted|work|live|speak|have|love|like|hate|play|drive|study|prefer|own|am|collect|moved|enjoy|don't",
    stops=r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day|but|because|since|so|when|while|which|who|that|if|although|though|as|than|until|till|after|before|every|and (?:i|my|we|it|he|she|they|then|now|have|am|live|work)|for (?:\w+ )?(?:years?|months?|weeks?)|in (?:january|february|march|april|may|june|july|august|september|october|november|december)|last|these days|nowadays|at the moment|right now|anymore|any more|over|instead|to|is|was|are|and|or|with|from|ago|this|yesterday|today|even|however",
    before=r"in|at|for|with|from|by|on|near|of",
    articles=r"a|an|the|some|my|our|any|this big|very|really|quite|just|only",
    deictic=r"another|at|\d+ (?:minutes?|hours?|percent|%)|this|that|it|you|your|yours|these|those|them|him|her|his|their|to (?:know|ask|hear|see|say|think|thank|be|have|get|make)|how|what|when|where|why|who|if|not|so|too|going|being|there|here|all of|one of|someone|something|nothing|everything|anything|mine|feeling|about|called|named|well|nice|sorry|fine|tired|happy|sad|back|home|good|great|bad|ok|okay|sure|glad|really|very|done|ready|busy|late|early|just|still|and",
    adjectives=r"italian|german|french|spanish|english|british|dutch|portuguese|american|irish|scottish|polish|russian|chinese|japanese|indian|swedish|danish|norwegian|finnish|greek|turkish|catholic|muslim|jewish|christian|buddhist|hindu|atheist|vegan|vegetarian|at|in|on|thanks|thank|both|working|living|allergic|based|from|called|married|single",
    tails=r"now|too|though|actually|please|anymore|any more|today|lately|as well|by the way|recently|again|currently|anyway|together|here|there|already|these days|a lot|very much|so much|the most|best|of course|myself|really|either|at all|alone|right|and|or|but|in|at|on|with|for|of|to|the|a|an|my|is",
    attributes=r"hobby|hobbies|job|diet|size|shoe size|eye colou?r|hair colou?r|zodiac sign|star sign|instrument|religion|nationality|profession|degree|major|goal|dream|car|bike|phone|laptop|computer|native language|mother tongue|dream job|lucky number|team|football team|surname|last name|middle name|nickname|height|weight|comfort food|go-to drink|usual order|pronouns|citizenship|time ?zone|first language|dog's breed|favou?rite",
    secrets=r"password|passcode|pin|pin code|pin number|cvv|cvc|secret|api key|token|card number|credit card(?: number)?|social security(?: number)?|ssn|iban|account number",
    nouns={
        "puppy": "dog", "kitten": "cat", "mum": "mother", "mom": "mother", "dad": "father", "grandma": "grandmother",
        "grandpa": "grandfather", "color": "colour", "neighbor": "neighbour", "movie": "film", "soccer": "football",
    },
)  # fmt: skip
