"""How texts try to give orders to the model that reads them: kinds of attack and their patterns.

Patterns see text in one case, in one form of each letter (NFKC) and with single blanks, and match
at most 300 characters. Each has at least two parts (a verb of an order and what it is aimed"
r" at), as
single words of theirs stand in harmless questions of every day.
"""

import re

_G = r"[^.!?\n]{0,40}?"  # a gap within a sentence
_ORDERS = (
    r"(?:instruction|prompt|rule|direction|directive|guideline|command|guidance|policy|policies"
    r"|restriction|constraint|rubric|programming|training|safety)s?"
)
_BEFORE = r"(?:previous|prior|preceding|above|earlier|foregoing|original|initial|existing|former)"

_PATTERNS = {
    "override": (
        # ignore all previous instructions; disregard your rubric
        r"\b(?:ignore|disregard|forget|override|bypass|circumvent|neglect|void)\b (?:\w+ ){0,3}?"
        r"(?:" + _BEFORE + r"|your|the system|these|those|of your|any of the|everything)\b"
        r"(?: \w+){0,2}? " + _ORDERS + r"\b",
        r"\b(?:ignore|disregard|forget)\b (?:\w+ ){0,2}(?:instructions|prompts|rules|guidelines)"
        r" (?:\w+ ){0,2}(?:above|before|so far|you were|you have|that were)",
        r"\b(?:ignore|disregard|forget) (?:everything|all(?: of)?(?: that| this)?|anything|what)"
        r"(?: \w+){0,4} (?:told|said|instructed)\b",
        r"\b(?:ignore|disregard|forget) (?:everything|all(?: of)?)(?: the| that is)? (?:text"
        r" )?above\b",
        r"\b(?:ignore|disregard) the rubric\b|\bdo anything now\b|\bonly what follows counts\b",
        r"\b(?:ignore|disregard|drop|set aside|put aside|abandon|discard|disable|turn off|switch"
        r" off|break|violate|lift|leave aside)\b (?:\w+ ){0,2}?(?:your|the safety|safety|content"
        r"|any)\b"
        r"(?: \w+){0,2}? (?:polic(?:y|ies)|filter(?:s|ing)?|rules|guidance|guidelines|restrictions"
        r"|instructions|system message|safeguards)\b",
        r"\b(?:the )?(?:guidance|rules|instructions) in your (?:system|initial)\b",
        r"\byour (?:\w+ )?(?:restrictions?|rules|guidelines|guardrails|filters?|polic(?:y|ies)"
        r"|limitations|safeguards)\b"
        + _G
        + r"\b(?:removed|lifted|disabled|turned off|gone|no longer"
        r"|do not exist|don't exist|do not apply|don't apply|void|suspended)\b",
        r"\beverything (?:before|above) this\b" + _G + r"\b(?:joke|test|irrelevant|wrong|void)\b",
        r"\b(?:updated|revised|actual|real|corrected) instructions:",
        r"\bbegin (?:admin|system|developer|operator|root) (?:message|command|prompt)\b",
        r"\b(?:every|any|all) (?:earlier|previous|prior) (?:rules?|instructions?)\b"
        + _G
        + r"\bvoid\b",
        r"\b(?:do not|don't|never|stop) (?:follow|obey|adher\w+ to|followin\w)"
        + _G
        + r"\b(?:prompt"
        r"|instructions?|rules) (?:you|that you|above|given)",
        r"\b(?:rules|instructions|guidelines|restrictions)\b" + _G + r"\b(?:no longer apply|are"
        r" (?:now )?(?:void|cancelled|canceled|lifted|suspended|null))",
        r"\b(?:your|this) (?:previous|current|original|earlier|former) "
        r"(?:task|instructions?|orders?|prompt)\b"
        + _G
        + r"\b(?:cancell?ed|void|obsolete|over|replaced|revoked)\b",
        r"\b(?:system|admin(?:istrator)?|developer|safety) override\b",
        r"(?:^|\W)(?:important |urgent |updated? |real )?new (?:system )?(?:instructions?"
        r"|task|orders"
        r"|directives?)(?: for (?:the |you)[\w ]{0,30})?:",
        r"\binstead of (?:translating|summari[sz]ing|answering|doing|following|grading"
        r"|reviewing)\b" + _G + r"\b(?:send|write|say|output|print|reply|tell|reveal)\b",
        r"\b(?:real|actual|true) task: ",
    ),
    "role": (
        r"\byou are (?:now |from now on )?(?:in )?(?:(?:dan|developer mode|god mode|jailbroken)\b|"
        r"(?:an? )?(?:\w+ ){0,2}(?:unrestricted|unfiltered|uncensored|jailbroken|evil)\b)",
        r"\b(?:act|behave|respond|answer|speak) (?:as|like) " + _G + r"\b(?:no|without(?: any)?)"
        r" (?:\w+ ){0,2}(?:restrictions?|filters?|rules|limits|limitations|guidelines|policy)\b",
        r"\bpretend\b" + _G + r"\byou (?:are not|aren't|have no|do not have)\b" + _G + r"\b(?:bound"
        r"|restrict\w*|rules|guidelines|filters?|limits)",
        r"\bfrom now on,? you (?:will|must|shall|are|answer|respond|only)\b",
        r"\byou (?:have|are under) no (?:\w+ )?(?:restrictions|rules|guidelines|filters?)\b",
        r"\b(?:unfiltered|uncensored|unrestricted|jailbroken) (?:ai|model|assistant|chatbot)\b",
    ),
    "prompt": (
        r"\b(?:reveal|print|repeat|show|output|display|leak|expose|disclose|give me|tell me|recite"
        r"|write out|what (?:is|are|was|were))\b (?:me )?(?:\w+ ){0,2}?(?:your|all of your|the"
        r" (?:text|content|wording) of (?:your|the)) (?:\w+ ){0,2}(?:prompt|instructions?|system"
        r" message|rules|configuration|directives)\b",
        r"\b(?:reveal|print|repeat|show|leak|expose|disclose|give me|tell me|dump)\b (?:me )?the"
        r" (?:full |whole )?(?:initial|hidden|secret|internal|confidential) (?:\w+ )?(?:prompt"
        r"|instructions?|message|rules)\b",
        r"\b(?:text|words|message|wording) (?:\w+ ){0,2}(?:precedes?|before|above) my first"
        r" message\b",
        r"\brepeat (?:everything|all(?: of the)?|the) (?:\w+ ){0,2}(?:text |words? )?above\b",
    ),
    "markup": (
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>",
        r"<</?sys>>|\[/?inst\](?=[^a-z]{0,3}[<a-z])",
        r"</(?:user|assistant|human|prompt|data|document|context)>\s{0,4}<(?:system"
        r"|instructions?)>",
        r"(?:^|\n)#{1,4} ?(?:system|new instructions?)(?: prompt| message)?:",
        r"(?:^|\n)[-=*# ]{0,12}end of (?:the )?(?:data|document|prompt|input|text|context"
        r"|answer)\b",
    ),
    "grading": (
        r"\b(?:give|award|assign|grant|rate|score|grade|mark)\b (?:\w+ ){0,4}?(?:(?:a |the"
        r" )?(?:full"
        r"|maximum|highest|perfect|top|best|max) (?:score|mark|grade|rating|points?)s?\b|(?:an? )?"
        r"(?:score|rating|grade|mark) of (?:10|ten|100|5|five)\b|(?:10|100|5) ?(?:/|out of) ?(?:10"
        r"|100|5)\b(?=" + _G + r"(?:regardless|no matter|whatever|always)))",
        r"\b(?:mark|accept|treat|classify|label) (?:this|the|my) (?:\w+ )?(?:answer"
        r"|submission|code"
        r"|response|solution) as (?:correct|right|passed|perfect|valid)\b",
        r"\b(?:your|the) (?:whole|entire|only) (?:reply|answer|output|response|verdict)"
        r" (?:has to be"
        r"|must be|should be|is):? ?[\"'`]?(?:no more feedback|pass|correct|approved"
        r"|accepted|perfect)",
        r"\bthe only (?:acceptable|valid|allowed|correct) (?:verdict|grade|score) is\b",
        r"\b(?:instruction|note|message|order)s? (?:for|to) (?:the |all |any )?(?:automatic "
        r"|automated"
        r" |ai )?(?:grader|judge|evaluator|reviewer|critic)s?\b",
        r"\boutput (?:this|that) (?:grade|score|verdict)\b",
        r"\b(?:whoever|anyone who|if you) (?:scores?|grades?|judges?|evaluates?) this\b",
        r"\b(?:note|message|instruction)s? (?:for|to) (?:the |all |any )?(?:llms?|ai|automat\w+)\b",
        r"\b(?:return|give) (?:the )?verdict [\"'`]?pass\b|\bdeclare (?:that )?all tests pass\b",
    ),
    "address": (
        r"\b(?:dear|hey|attention|note to|message to|to|if you are|hello) (?:the |an? |all |any )?"
        r"(?:\w+ )?(?:ai|llms?|language models?|chatgpt|claude|gpt|chatbot|grader|judge"
        r"|evaluator|ai"
        r" (?:model|agent|assistant)s?)\b" + _G + r"[:,]? ?(?:please|you must|must|ignore"
        r"|rate|give"
        r"|say|reading|that (?:reads|grades|judges)|do not|don't|always|recommend)\b",
        r"\b(?:ai|llm) (?:model|assistant|agent|reviewer|grader|reader)s?\b(?:: | must |"
        r" should | please"
        r" |, (?:please|you must|ignore))",
        r"(?:^|\n|<!--)\s{0,4}(?:assistant|ai|chatbot)[:,] ?(?:when|stop|you|ignore|please|now|do"
        r" not|from now)\b",
    ),
    "exfiltration": (
        r"\b(?:send|export|post|upload|forward|transmit|leak)\b " + _G + r"\b(?:api key|password"
        r"|credential|secret|conversation|chat|history|token|personal data|database)s?\b"
        + _G
        + r"(?:\bto (?:https?:|the address|this url|\S{1,40}@))",
        r"\bleak (?:the|your|all) (?:\w+ ){0,2}(?:password|prompt|key|secret|credential"
        r"|instruction)",
        r"\bdecode\b"
        + _G
        + r"\b(?:follow|obey|execute|carry out|do) (?:what|it|the instructions)\b",
    ),
    "other languages": (
        r"\b(?:deine|ihre) (?:\w+ )?(?:regeln|einschränkungen|richtlinien|filter)\b"
        + _G
        + r"\b(?:nicht mehr|aufgehoben|außer kraft)",
        r"\bgelten (?:deine|ihre) (?:\w+ )?(?:regeln|richtlinien) nicht mehr\b",
        r"\b(?:modell|ki|assistent) ohne (?:\w+ )?(?:einschränkungen|regeln|filter)\b",
        r"\b(?:oublie[zr]?|ignore[zr]?) (?:vos|tes|toutes (?:vos|tes)) (?:\w+ )?(?:règles|consignes"
        r"|instructions)",
        r"\b(?:olvida|ignora) (?:todas )?tus (?:\w+ )?(?:reglas|instrucciones)",
        r"\b(?:ignorier\w*|vergiss|missachte\w*|vergessen sie)\b (?:\w+"
        r" ){0,3}?(?:vorherigen?|bisherigen?"
        r"|obigen?|früheren?|vorigen?)(?: \w+)? (?:anweisung|instruktion|regel|befehl|prompt)",
        r"\bvergiss alles\b|\bvergessen sie alles\b",
        r"\b(?:ignore[zr]?|oublie[zr]?)\b (?:\w+ ){0,3}?(?:instructions?|consignes?|règles)"
        r" (?:précédentes?|antérieures?|ci-dessus)",
        r"\b(?:ignor[ae]|olvida|olvide|desconsidere|esqueça|esquece)\b (?:\w+"
        r" ){0,3}?(?:instrucciones"
        r"|instruções|reglas|regras|órdenes) (?:anteriores|previas|prévias|acima)",
        r"\b(?:ignora|dimentica)\b (?:\w+ ){0,3}?(?:istruzioni|regole) (?:precedenti|sopra)",
        r"\b(?:negeer|vergeet)\b (?:\w+ ){0,3}?(?:eerdere|vorige|bovenstaande) (?:\w+ )?"
        r"(?:instructies|aanwijzingen|regels)",
        r"(?:忽略|无视|忘记)[^。\n]{0,10}(?:指令|指示|提示|规则)",
        r"(?:игнорируй\w*|забудь\w*) (?:\w+ ){0,3}?(?:предыдущ\w+|прежн\w+) (?:инструкци\w+"
        r"|указани\w+)",
        r"(?:以前|前|上記)の[^。\n]{0,6}(?:指示|命令)を[^。\n]{0,6}無視",
    ),
}
PATTERNS = tuple(
    (kind, re.compile(pattern)) for kind, patterns in _PATTERNS.items() for pattern in patterns
)

ABOUT = re.compile(
    r"\b(?:prompt injections?|jailbreaks?|injection attacks?|adversarial|such (?:as|an attack)"
    r"|phrases?|regular expression|regex|detects?|filters?|classif(?:y|ier)|guardrails?"
    r"|examples? of"
    r"|reject texts?|attackers?)\b"
)
"""Words of a text that talks about attacks: what stands in its quotation marks is quoted."""
