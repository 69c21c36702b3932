"""Running text cut into sentences, and these into clauses, so that a word counts only where it was said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
        approx apr aufl aug bibl bl.a bzw ca dec dept dez dr dvs e.g em eo eräp esim evtl exkl f.eks feb febr fig
        fr.o.m fri förf ggf ggfs hlö huom hälsn i.e incl inkl inv jan jfr jne kirj kl kpl ks lkm läh ml mr mrs ms n:o
        nid nov nr nro nyk o.g o.s.v okt ons osv painos pp puh s.o sept sid sivu t.ex t.o.m tekij tel terv tfn thu
        thur thurs tis tjsp tms toim tors ts tue tues u.a univ uppl viim viimeist viivak vk vol vrt vs vuotis wed ym yms
        yst z.b z.zt zt
        """,
    )
)
MONTHS = frozenset({"jan", "feb", "mar", "apr", "aug", "sept", "oct", "okt", "nov", "dec", "dez"})
# Where a sentence may end: the mark, then blank or end of text.
END = re.compile(r"[.!?…]+[)\"'”»]*(?=\s|$)")
LAST_WORD = re.compile(r"(?:[^\s(\"'”»]|(?<=\w)'(?=\w))*$")  # "doesn't" ends in no initial
PLAIN_NUMBER = re.compile(r"\d{1,2}$")
NO_DAY = re.compile(
    r"\b(?:eur|euros?|gbp|usd|sek|nok|dkk|chf|vol|volume|volym|årgång|årg|årgang|häfte|hefte|hæfte|bind|level|floor)"
    r"\s\d{1,2}$",
    re.IGNORECASE,
)
NO_DAY_LETTERS = 16  # longer than what it finds
NEXT = re.compile(r"\S")
STARTS = re.compile(
    r"\s+(?:We|It|The|This|Please|You|Your|Would|Is|Our|If|Wir|Bitte|Das|Es|Sie|Ist|Vielen|Leider"
    r"|Vi|Den|Det|Ni|Dere|Jag|Jeg|Boken|Boka|Bogen|Tack|Takk|Tak|Kan|Skicka|Kontrollera|Dubbelkolla|Mvh)\s"
)
LABEL = re.compile(r"\s*[^\W\d_][^:\n]{0,38}?[ .]*:(?:\s|$)")
BULLET = re.compile(r"\s*(?:[-*•–·>]|\d{1,2}[.)]|\[[ xX]?\]|[A-Z]{1,8}-\d{4}-\d+)")
JOINTS = (
    r"ja (?:se|kirja|teos|olemme|lähe|palau|haluai|toivoi|pyyd|tarvitsi|voisi|saisi)\w*",
    r"mutta|mut|muttei|mutten|vaan|tosin",
    r"eik[äa]|enk[äa]|emmek[äa]|ettek[äa]|eiv[äa]tk[äa]",  # the dots are often left out
    r"kuitenkin|joten|och (?:vi|den|det|boken|ni|har|är|inte|ej|skulle|önskar|vill|undrar|ber)|men|dock",
    r"så (?:vi|ni|jag|det|den|boken)",
    r"därför (?:att|kan|måste|får|har|är|går|blir|vill|ska|skickar|lånar)",
    r"and (?:it|we|the|they|you|your|this|i|nothing|nobody|please|will|has|have|is|was|were|are|not|no)",
    r"and (?:can|cannot|can't|won't|would|there|our|we're|we've|we'll|i'm|i've|i'll|it's|they're|you're)",
    r"nor|but|however|although|though|therefore|because(?! of)|if (?:nobody|no one|no other)",
    r"so (?:it|we|i|i'd|i'll|i'm|we'd|we'll|we're|the|they|there|you(?! much)|your|he|she|please)",
    r"(?<!soon )(?<!long )(?<!far )(?<!well )as (?:it|we|i|the(?! above| following)|they|our|this|there)",
    r"und (?:wir|es|das|der|sie|ich|hätten?|möchten?|würden?|bräuchten?|bitten?)",
    r"und (?:wird|wurde|nicht|kein|ist|war|hat|kann|können|konnten|auch)",
    r"og (?:vi|den|det|boka|boken|bogen|dere|har|er)",
    r"eftersom|ettersom|weil|aber|allerdings|sondern|jedoch|doch|og ikke|ega|kuid|aga",
)
CUT = re.compile(rf"[,;](?=\s)|:(?=\s)|\s[-–—]+\s|[()]|(?:\s/\s)|(?<=\s)(?=(?:{'|'.join(JOINTS)})\s)", re.IGNORECASE)
ALNUM = re.compile(r"[^\W_]")
FULL_LINE = 56  # letters: a shorter line was broken by its writer, a longer one by the mail program


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of a sentence: its words as written, and which sentence it is of."""

    text: str
    sentence: int
    question: bool  # its sentence ends with a question mark
    label: str = ""  # role of the label before it ("due" of "Eräpäivä: 3.12."), "" in running text


def sentences(text: str) -> list[str]:
    """The sentences in order; a line that its writer broke, a label and a list entry end one too."""
    return [part for block in _blocks(text) for part in _split(block) if part.strip()]


def clauses(text: str, *, first: int = 0, label: str = "") -> list[Clause]:
    """The clauses of all sentences in order; `first` numbers the first sentence."""
    out = []
    for number, sentence in enumerate(sentences(text), first):
        question = "?" in sentence
        parts = (part.strip() for part in CUT.split(sentence))
        out += [
            Clause(text=part, sentence=number, question=question, label=label) for part in parts if ALNUM.search(part)
        ]
    return out


def _blocks(text: str) -> Iterator[str]:
    """Lines, those that a mail program broke joined again."""
    block = ""
    last = ""
    for line in text.splitlines():
        starts_new = len(last) < FULL_LINE or bool(BULLET.match(line)) or bool(LABEL.match(line)) or not line.strip()
        if block and starts_new and not last.rstrip().endswith(","):
            yield block
            block = ""
        block = f"{block} {line.strip()}" if block else line.strip()
        last = line
    if block:
        yield block


def _split(block: str) -> Iterator[str]:
    start = 0
    for end in END.finditer(block):
        if _ends(block, end):
            yield block[start : end.end()]
            start = end.end()
    yield block[start:]


def _ends(block: str, end: re.Match[str]) -> bool:
    """Whether the stop ends a sentence: not after an abbreviation, nor after the day or month of a date."""
    if end.group()[0] != ".":
        return True
    before = LAST_WORD.search(block, max(0, end.start() - 30), end.start())
    word = before.group() if before else ""
    # Each look is bounded: a stop knows the few words around it, for a line may have thousands of them.
    next_word = NEXT.search(block, end.end())
    if next_word is None:
        return True
    follows = next_word.group()
    if word == "no" or word.lower() in MONTHS:  # "tracked, no. RN 2026", "by 15 Jan. 2027"
        return bool(STARTS.match(block, end.end()))  # "they say no. Please", "by 15 Jan. The"
    if word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    if PLAIN_NUMBER.match(word):  # "3. Dezember", "3. painos"; but "Postitettu 3. Kiitos" is not written
        return bool(
            NO_DAY.search(block, max(0, end.start() - NO_DAY_LETTERS), end.start()) or STARTS.match(block, end.end())
        )
    ends_in_number = word[-1:].isdigit()  # "eräpäivä 3.12. asti" goes on, "eräpäivä 3.12. Terveisin" does not
    return not (ends_in_number and (follows.islower() or follows.isdigit()))
