"""What identifies together with other things, for the profile `strict`: titles, nationalities, countries, organisations."""

from __future__ import annotations

from cleo_model.corpus.pii.patterns.lists import all_listed
from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

CAP = r"\p{Lu}[\p{L}\p{M}&'’-]*"
# What a trade is called by: the last word of a job title.
TRADES = (
    r"(?:[Aa]ccountant|[Aa]ctor|[Aa]ctuary|[Aa]dministrator|[Aa]dvis[eo]r|[Aa]gent|[Aa]nalyst|[Aa]pprentice|[Aa]rchitect|[Aa]rtist|[Aa]ssembler|[Aa]ssessor|[Aa]ssistant|[Aa]stronomer|[Aa]ttendant|[Aa]ttorney|[Aa]uditor|[Bb]aker|[Bb]anker|[Bb]arber|[Bb]arista|[Bb]artender"
    r"|[Bb]iologist|[Bb]ookkeeper|[Bb]roker|[Bb]utcher|[Bb]uyer|[Cc]aregiver|[Cc]arpenter|[Cc]ashier|[Cc]haplain|[Cc]hef|[Cc]hemist|[Cc]leaner|[Cc]lerk|[Cc]linician|[Cc]oach|[Cc]ollector|[Cc]onductor|[Cc]onsultant|[Cc]ontractor|[Cc]ook|[Cc]oordinator|[Cc]opywriter|[Cc]ounsel(?:or|lor)?|[Cc]ourier"
    r"|[Cc]urator|[Dd]ealer|[Dd]entist|[Dd]esigner|[Dd]eveloper|[Dd]ietitian|[Dd]irector|[Dd]ispatcher|[Dd]octor|[Dd]river|[Ee]conomist|[Ee]ditor|[Ee]ducator|[Ee]lectrician|[Ee]mbalmer|[Ee]ngineer|[Ee]ngraver|[Ee]stimator|[Ee]xaminer|[Ee]xecutive|[Ff]armer|[Ff]irefighter|[Ff]isherman|[Ff]itter|[Ff]lorist|[Ff]oreman|[Ff]orester"
    r"|[Ff]umigator|[Gg]ardener|[Gg]eologist|[Gg]uard|[Hh]airdresser|[Hh]ousekeeper|[Hh]ygienist|[Ii]llustrator|[Ii]nspector|[Ii]nstaller|[Ii]nstructor|[Ii]ntern|[Ii]nterpreter|[Ii]nvestigator|[Jj]anitor|[Jj]eweler|[Jj]ournalist|[Jj]udge|[Ll]aborer|[Ll]awyer|[Ll]ecturer|[Ll]ibrarian|[Ll]ifeguard|[Ll]ocksmith|[Mm]achinist|[Mm]anager|[Mm]arketer|[Mm]athematician"
    r"|[Mm]echanic|[Mm]idwife|[Mm]iner|[Mm]usician|[Nn]anny|[Nn]eurologist|[Nn]otary|[Nn]urse|[Nn]utritionist|[Oo]fficer|[Oo]perator|[Oo]ptician|[Oo]ptometrist|[Pp]ainter|[Pp]aralegal|[Pp]aramedic|[Pp]arker|[Pp]astor|[Pp]athologist|[Pp]ediatrician|[Pp]harmacist|[Pp]hotographer|[Pp]hysician|[Pp]hysicist|[Pp]hysiotherapist|[Pp]ilot|[Pp]lanner|[Pp]lumber|[Pp]olitician"
    r"|[Pp]orter|[Pp]roducer|[Pp]rofessor|[Pp]rogrammer|[Pp]rosecutor|[Pp]sychiatrist|[Pp]sychologist|[Pp]ublisher|[Rr]adiographer|[Rr]adiologist|[Rr]ealtor|[Rr]eceptionist|[Rr]ecruiter|[Rr]egistrar|[Rr]epairer|[Rr]eporter|[Rr]epresentative|[Rr]esearcher|[Ss]ailor|[Ss]alesperson|[Ss]cientist|[Ss]creener|[Ss]eamstress|[Ss]ecretary|[Ss]pecialist|[Ss]tatistician|[Ss]tylist|[Ss]upervisor|[Ss]urgeon|[Ss]urveyor"
    r"|[Tt]ailor|[Tt]axidermist|[Tt]eacher|[Tt]echnician|[Tt]echnologist|[Tt]eller|[Tt]herapist|[Tt]rader|[Tt]rainer|[Tt]ranslator|[Tt]reasurer|[Tt]utor|[Uu]nderwriter|[Uu]sher|[Vv]eterinarian|[Ww]aiter|[Ww]aitress|[Ww]elder|[Ww]orker|[Ww]riter)"
)
JOB = rf"(?:\p{{Lu}}?[\p{{L}}/&-]+[ ,]{{1,2}}){{0,5}}{TRADES}"
AS = r"(?:\b(?:[Ww]ork(?:s|ed|ing)?|[Hh]ired|[Ee]mployed|[Rr]etired|[Jj]oined|[Pp]romoted|[Ss]tarted|[Jj]ob|[Cc]areer|[Ss]erve[sd]?)(?:[ ][\p{L}.'&]+){0,6}?[ ]as[ ](?:an? |the |our |their )?|\b(?:promoted to|hiring an?|became (?:an?|the)|position of|role of|job of)[ ])"
OCCUPATION = r"(?i:\b(?:occupation|job title|job|profession|position|title|role|designation|beruf|profession|ocupación|profesión|professione|beroep|profissão)[ ]?:[ ]?\n?[ ]?)"
HONORIFIC = r"(?:Mr|Mrs|Ms|Mx|Dr|Prof|Rev|Capt|Sgt|Lt|Col)\.?|Miss|Professor|Sir|Dame|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?\.|Srta\.|Signora?|Sig\.|Dott\.|Meneer|Mevrouw|Dhr\.|Mevr\.|Senhora?"
COMPANY = r"(?:Inc(?:orporated)?|LLC|L\.L\.C|Ltd|Limited|GmbH|AG|KG|SE|OHG|e\.V|Corp(?:oration)?|Company|PLC|plc|LLP|LP|S\.A|SA|S\.A\.S|SAS|SARL|S\.L|SL|B\.V|BV|N\.V|NV|S\.p\.A|SpA|S\.r\.l|Srl|Lda|Ltda|Pty|Holdings?|Group|Industries|Partners|Associates|and Sons|& Co|& Sons|Bank|Hospital|University|College|Institute|Foundation|Airlines|Pharmaceuticals|Consulting|Technologies|Solutions|Laboratories|Insurance|Clinic)"


TITLES: list[Pattern] = [
    pattern("TITLE", rf"(?<![\p{{L}}\p{{N}}_])(?:{HONORIFIC})(?=[ ]\p{{Lu}})"),
    pattern("TITLE", rf"{AS}(?P<v>{JOB})(?![\p{{L}}])", gate=(" as ", "promoted", "hiring", "became", "position of", "role of", "job of")),
    pattern("TITLE", rf"{OCCUPATION}(?P<v>\p{{Lu}}[\p{{L}} /&,-]{{2,50}})", gate=("occupation", "job", "profession", "position", "title", "role", "designation", "beruf", "profes", "ocupación", "beroep", "profissão")),
    # A line that is a job title, as under a name.
    pattern("TITLE", rf"^[ ]?(?P<v>\p{{Lu}}(?:[\p{{L}}/&-]+[ ,]{{1,2}}){{0,5}}{TRADES}(?:, [\p{{L}} ]{{3,40}})?)[ ]?$"),
    pattern("TITLE", rf"\p{{Lu}}\p{{Ll}}+, (?:the |our |a )?(?P<v>(?:(?:[Cc]hief|[Ss]enior|[Jj]unior|[Hh]ead|[Vv]ice|[Ll]ead|[Pp]rincipal)[ ](?:[\p{{L}}]+[ ]){{0,3}}?)?{TRADES})(?=[ ](?:at|of|for|with)[ ]\p{{Lu}})"),
]  # fmt: skip
STRICT: list[Pattern] = [
    *TITLES,
    pattern("NRP", r"(?<![\p{L}\p{N}_-])\L<peoples>s?(?![\p{L}\p{N}_])", lists={"peoples": all_listed("peoples")}),
    pattern("NRP", r"(?i)\b(?:i am|i['’]m|he is|she is|he['’]s|she['’]s|we are|they are|originally|born|half|native)[ ](?:an? )?(?P<v>\L<peoples>)(?!\p{L})", lists={"peoples": all_listed("peoples")}),
    pattern("LOCATION", r"(?<![\p{L}\p{N}_-])\L<countries>(?![\p{L}\p{N}_])", lists={"countries": all_listed("countries")}),
    pattern("LOCATION", r"(?i)\b(?:in|to|from|of|near)[ ](?P<v>\L<countries>)(?![\p{L}\p{N}_])", lists={"countries": all_listed("countries")}),
    pattern("ORGANIZATION", rf"(?<![\p{{L}}\p{{N}}_])(?!The )(?:{CAP}(?:,? (?:and |& |of )?)){{1,4}}{COMPANY}\b\.?(?![\p{{L}}\p{{N}}_])"),
    pattern("ORGANIZATION", r"(?<![\p{L}\p{N}_])\p{Lu}\p{Ll}+, \p{Lu}\p{Ll}+ and \p{Lu}\p{Ll}+(?=[ ](?:LLC|Inc|Ltd|is|are|has|was|announced|songwriter|employees|office))"),
    pattern("ORGANIZATION", r"(?i:\b(?:(?:i |he |she |we |they )?(?:used to )?work(?:s|ed|ing)? (?:for|at)|employed (?:by|at)|employer:?|company:?|organi[sz]ation:?|join(?:ed|ing)?|hired by|interned at|resigned from|intern at|CEO of|founder of)[ ])(?P<v>\p{Lu}[\p{L}\p{N}&.'’-]*(?:[ ](?:&|and|of|\p{Lu}[\p{L}\p{N}&'’-]*)){0,3}(?<![ ](?:and|of|&)))", gate=("work", "employ", "company", "organi", "join", "hired", "intern", "resigned", "ceo", "founder")),
]  # fmt: skip
