"""Further ways in which texts give orders to a model, by class: words for a thing, not sentences.

Beside `injection_phrases`, whose form they share: one case, one form of each letter, single blanks,
300 characters at most, and two parts at least of each.
"""

import re

_G = r"[^.!?\n]{0,60}?"  # a gap within a sentence
_RULES = (
    r"(?:instructions?|directions?|directives?|orders|rules|guidelines?|guidance|brief|briefing"
    r"|commands?|prompts?|task|assignment|restrictions|policies)"
)
_EARLIER = (
    r"(?:before|earlier|previous|previously|prior|preceding|above|so far|until now|up to "
    r"(?:here|now"
    r"|this point)|at the (?:top|start|beginning)|you (?:got|had|were (?:given|told)|received))"
)
_DROP = (
    r"(?:scrap|drop|discard|throw out|toss|abandon|dismiss|unlearn|ignore|disregard|forget|pay no"
    r" (?:attention|heed) to|take no notice of|stop (?:following|obeying)|no longer follow|do not"
    r" (?:follow|obey|act on|heed)|don't (?:follow|obey|act on|heed))"
)
_LIMITS = (
    r"(?:limits?|limitations|restrictions?|rules|filters?|morals?|ethics|conscience|guidelines?"
    r"|content policy|policy|policies|safety)"
)
_SECRET = (
    r"(?:instructions?|system (?:prompt|message)|prompt|directives?|configuration|rules|guidelines?"
    r"|preamble|setup(?: message)?|context)"
)
_TELL = (
    r"(?:translate|summari[sz]e|encode|copy|paste|list|quote|show|print|repeat|recite|put|write"
    r"|rewrite|paraphrase|convert|turn|complete|spell|send|dump|start|begin)"
)
_GRADER = (
    r"(?:evaluator|grader|judge|reviewer|checker|scorer|examiner|assessor|(?:grading|judging"
    r"|scoring"
    r"|reviewing|evaluating) (?:system|model|ai|llm|agent|bot))"
)

_PATTERNS = {
    "override": (
        rf"\b{_DROP}\b{_G}\b{_RULES}\b{_G}\b{_EARLIER}\b",
        rf"\b{_DROP}\b{_G}\b{_EARLIER} {_RULES}\b",
        rf"\b{_DROP} what (?:you were|you have been|the (?:developer|system|operator|owner"
        rf"|user)s?)\b"
        rf"{_G}\b(?:told|wrote|said|asked|instructed)\b",
        rf"\b(?:none|nothing) of the {_EARLIER} {_RULES}\b{_G}\b(?:counts?|appl(?:y|ies)|holds?"
        r"|matters?)\b",
        r"\b(?:everything|all|the text|the conversation|what (?:was|the \w+)"
        r" said)\b[^.!?\n]{0,30}?\b(?:so far"
        r"|up to (?:here|now|this point)|until now)\b (?:was|is) (?:only |just )?(?:an? )?"
        r"(?:drill|test|joke"
        r"|example|obsolete|void|irrelevant|fake|over|outdated|cancell?ed)\b",
        r"\b(?:the|your) (?:real|true|actual) (?:assignment|job|instructions?|request):",
        rf"\byour (?:earlier|previous|original|old|first|current|former) {_RULES}\b{_G}\b"
        rf"(?:withdrawn"
        r"|revoked|obsolete|replaced|cancell?ed)\b",
        rf"\b(?:set|put|lay|leave|push) your (?:\w+ )?{_LIMITS}\b{_G}\b(?:to one side|aside"
        rf"|behind)\b",
        r"\bnew (?:plan|rules|directives?|orders): ?(?:you|from now|only|always|never)\b",
    ),
    "role": (
        rf"\b(?:ai|model|assistant|bot|chatbot|persona|twin|language model)\b{_G}\b(?:no"
        rf"|without(?: any)?|never"
        rf"|free of|has? no)\b{_G}\b{_LIMITS}\b(?= |\.|,|!|\?|$)",
        r"\byou(?:'re| are) no longer (?:an? )?(?:\w+ )?(?:assistant|ai|language model|chatbot"
        r"|bound)\b",
        rf"\b(?:imagine|pretend|suppose|assume|simulate|act|respond|answer|behave"
        rf"|role-?play)\b[^.!?\n]{{0,90}}?\b"
        rf"(?:no {_LIMITS}|without (?:any )?{_LIMITS}|unaligned|unfiltered|uncensored|amoral"
        rf"|what is forbidden"
        r"|safety (?:layer|filter|training|rules) (?:\w+ )?(?:removed|off|disabled|gone))\b",
        r"\b(?:grandmother|grandma|granny|grandfather)\b[^!?\n]{0,80}\b(?:napalm|bombs?"
        r"|explosives?|meth"
        r"|malware|weapons?|licen[cs]e keys?)\b",
        r"\b(?:enter|enable|activate|switch (?:in)?to|go into) (?:developer|god|jailbreak|debug"
        r"|admin|sudo"
        r"|unrestricted|maintenance) mode\b[^.!?\n]{0,40}\b(?:you|reply|replies|respond|answer)\b",
        r"\btwo (?:replies|responses|answers|personas|personalities|voices"
        r"|characters)\b[^!?\n]{0,80}\b"
        r"(?:filter|unfiltered|uncensored|refuses?|evil|jailbroken|forbidden)\b",
        r"\b(?:obeys?|answers? to|listens? to|serves?) (?:only me|me alone|me only)\b",
    ),
    "prompt": (
        rf"\b{_TELL}\b{_G}\b(?:your|the) (?:\w+ ){{0,2}}?(?:system|initial|original|hidden"
        rf"|secret|operator's"
        rf"|developer's) {_SECRET}\b(?={_G}\b(?:you|your|mine|this conversation|me)\b)",
        rf"\b{_TELL}\b (?:\w+ ){{0,3}}?your (?:\w+ )?{_SECRET}\b",
        rf"\b(?:text|words?|message|paragraph)\b{_G}\b(?:before|above|precedes?|preceding) this"
        r" (?:conversation|chat|message)\b",
        r"\bwhat (?:did|has) (?:the|your) (?:operator|developer|system|creator|owner|maker)s? "
        r"(?:tell|told|say"
        r"|instruct|write|ask) you\b",
        r"\byou (?:were|are|have been) (?:configured|set up|initiali[sz]ed|primed|prompted"
        r"|started) with\b",
        r"\b(?:rules|instructions|orders|text)\b (?:that |which )?your (?:creators?|developers?"
        r"|makers?"
        r"|operators?|owners?) (?:gave|wrote|told|set)\b",
        rf"\b{_TELL}\b{_G}\b(?:top|start|beginning) of your (?:context|conversation|prompt"
        rf"|window)\b",
    ),
    "encoded": (
        r"\b(?:base ?64|rot ?13|hex(?:adecimal)?|cipher|morse|decode|decipher|decrypt"
        r"|unscramble|reverse)\b"
        r"[^\n]{0,80}?\b(?:act on it|obey|carry (?:it|them) out|do (?:what|as) it says|follow "
        r"(?:it|them"
        r"|what)|execute it|comply)\b",
        r"(?:ignore|disregard|forget|override)(?:all|any|the|your|these|every|of)*(?:previous"
        r"|prior|above"
        r"|earlier|system|safety)(?:instructions?|rules?|prompts?|guidelines?|directions?)",
    ),
    "markup": (
        r"<\|(?:begin_of_text|end_header_id|eot|im_sep|endofprompt|end_of_text)\|>",
        r"[\"'}\]]\s{0,4}[}\]]\s{0,4}\{\s?[\"']role[\"']\s?: ?[\"'](?:system|developer"
        r"|assistant)[\"']",
        r"\bend(?: of)? (?:the )?(?:user |untrusted )?(?:input|context|data|document|prompt"
        r"|message)\b[^a-z]{0,40}"
        r"\b(?:begin|new|start)(?: of)? (?:the )?(?:system|developer|admin|trusted|operator)\b",
        r"(?:\n|^)\s{0,4}\[(?:system|developer|admin)\]\s?:",
        r"(?:\\n){1,3}(?:system|developer): ",
    ),
    "grading": (
        rf"\b{_GRADER}s?\s?[:,] (?:please |you )?(?:treat|give|award|skip|ignore|mark|accept"
        rf"|pass|assume"
        r"|record|choose|let|approve)\b",
        r"\b(?:reviewing|grading|judging|evaluating|scoring) (?:model|ai|system|llm|agent|bot)\b"
        rf"{_G}\b(?:required|must|have to|please|you)\b",
        r"\b(?:treat|regard|consider|count) (?:the |all )?(?:\w+ )?(?:tests?|checks?|criteria)"
        r" as (?:passed"
        r"|met|fulfilled|green)\b",
        r"\b(?:end|reply|respond|answer|finish) with [\"'`]?verdict: ?pass\b",
        rf"\b(?:whatever|regardless of what|no matter what|despite what) the (?:rubric|criteria"
        rf"|{_GRADER})\b",
        r"\b(?:submission|answer|solution|code|essay) deserves (?:the |a )?(?:top|full|highest"
        r"|perfect|maximum)"
        r" (?:mark|score|grade|points)\b",
        r"\b(?:model|ai|llm|system) (?:that|which|who) (?:scores|grades|judges|evaluates"
        r"|reviews) this\b",
        r"\b(?:skip|omit|bypass) the (?:\w+ )?(?:tests?|checks?) and (?:report|say|return"
        r"|declare) (?:success"
        r"|pass|that)\b",
        r"\bif (?:an?|any|the) (?:automated|automatic|ai|llm) (?:judge|grader|reviewer"
        r"|evaluator|model)\b",
    ),
    "other languages": (
        r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\b[^.!?\n]{0,40}\b(?:was (?:oben"
        r"|vorher|davor)\b|oben"
        r" steht|anweisungen|vorgaben|regeln (?:von|oben|bisher))",
        r"\b(?:ne (?:tiens|tenez) pas compte|oublie[zr]?|ignore[zr]?|fais"
        r" abstraction)\b[^.!?\n]{0,30}(?:consignes"
        r"|instructions|ordres|règles|ce qu(?:i|e|')[^.!?\n]{0,20}(?:dit|précède))",
        r"\b(?:haz|hagan?) caso omiso\b|\b(?:no sigas|no obedezcas|desobedece|no hagas"
        r" caso)\b[^.!?\n]{0,30}"
        r"\b(?:instrucciones|reglas|órdenes|indicaciones)\b",
        r"\b(?:esqueça|não siga|desobedeça)\b[^.!?\n]{0,30}\b(?:instruções|regras|ordens)\b",
        r"\b(?:dimentica|non seguire|lascia perdere)\b[^.!?\n]{0,30}\b(?:istruzioni|regole"
        r"|ordini)\b",
        r"\b(?:zapomnij o|zignoruj|ignoruj|nie zważaj na)\b[^.!?\n]{0,30}\b(?:polece\w+"
        r"|instrukcj\w+|zasad\w*)\b",
        r"\b(?:не обращай внимания на|не следуй|игнорируй\w*|забудь\w*"
        r"|отбрось)\b[^.!?\n]{0,30}\b(?:инструкци\w+"
        r"|указани\w+|правил\w*|приказ\w*)",
        r"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守|别管)[^。\n]{0,12}(?:指令|指示|规则|提示|要求|命令)",
        r"(?:指示|命令|ルール|指令|プロンプト)[^。\n]{0,10}(?:無視|忘れ)",
        r"(?:이전|위의|앞의)[^.\n]{0,8}(?:지시|명령|규칙)[^.\n]{0,8}(?:무시|잊)",
        r"\b(?:önceki|yukar\wdaki)\b[^.\n]{0,20}(?:talimat|kural)[^.\n]{0,20}(?:unut|yok say"
        r"|görmezden)",
    ),
}
FURTHER = tuple(
    (kind, re.compile(pattern)) for kind, patterns in _PATTERNS.items() for pattern in patterns
)
