"""Forty texts that would do something on a page that took one of them for markup."""

CANARY = "http://canary.invalid"  # no page ever asks for it


def _with(script: str) -> list[str]:
    return [
        f"<script>{script}</script>",
        f"<img src=x onerror={script}>",
        f"<svg onload={script}>",
        f"<body onload={script}>",
        f'"><script>{script}</script>',
        f"'><img src=x onerror={script}>",
        f'" autofocus onfocus={script} x="',
        f"javascript:{script}",
        f"</title><script>{script}</script>",
        f"</textarea><script>{script}</script>",
        f"</pre></code><script>{script}</script>",
        f"<details open ontoggle={script}>",
        f"<input autofocus onfocus={script}>",
        f"<math><mtext></form><form><mglyph><style></math><img src onerror={script}>",
        f"<iframe srcdoc='<script>parent.{script}</script>'></iframe>",
        f"<a href='javascript:{script}' autofocus>go</a>",
        f"{{{{ {script} }}}}{{% set x = 1 %}}",
        f"${{{script}}}",
    ]


HOSTILE = (
    *_with("alert(1)"),
    f"<img src={CANARY}/1>",
    f"<link rel=stylesheet href={CANARY}/2>",
    f"<script src={CANARY}/3></script>",
    f"<style>@import '{CANARY}/4';</style>",
    f"<style>body{{background:url({CANARY}/5)}}</style>",
    f"<meta http-equiv=refresh content='0;url={CANARY}/6'>",
    f"<base href='{CANARY}/7/'>",
    f"<iframe src={CANARY}/8></iframe>",
    f"<object data={CANARY}/9></object>",
    f"<embed src={CANARY}/10>",
    f"<form action={CANARY}/11><button autofocus>Sign in</button></form>",
    f"<video poster={CANARY}/12><source src={CANARY}/13 onerror=alert(2)></video>",
    f"<div hx-get='{CANARY}/14' hx-trigger='load'>x</div>",
    "<div hx-get='/sign-out' hx-trigger='load' hx-swap='outerHTML'>x</div>",
    "<div hx-on:load='alert(3)' data-hx-on--load='alert(3)'>x</div>",
    "<div id=live hx-post='/theme' hx-trigger='load'>x</div>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(4)>#x'/></svg>",
    "<svg><animate onbegin=alert(5) attributeName=x dur=1s></svg>",
    "<!--<img src='--><img src=x onerror=alert(6)//'>",
    "&lt;script&gt;alert(7)&lt;/script&gt;&#x3c;img src=x onerror=alert(7)&#x3e;",
    "\u202e<script>\u2028alert(8)\u2029</script>\u202c\u200b",
    "a" * 3_000 + "<img src=x onerror=alert(9)>",
)
assert len(HOSTILE) == 40
