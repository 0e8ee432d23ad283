"""Bugs in who may do it: routes and tokens."""

from tests.faults.bugs.bug import Bug, Edit

TOKEN = "deploy/access/token.py"
ROLES = "tests/deploy/test_admin_roles.py"
TRIGGER = "POST /api/v1/triggers/{namespace}/{name}"
COMPARED = "    return hmac.compare_digest(digest(text), token.sha256)\n"
COMPARISON = "tests/deploy/test_token_comparison.py"

ACCESS = (
    Bug(
        "a route without a role",
        (
            Edit(
                "deploy/admin/steering.py",
                "async def remove(\n    request: Request, by: Operator, namespace",
                "async def remove(\n    request: Request, by: Any, namespace",
            ),
        ),
        (f"{ROLES}::test_every_route_names_the_role_it_needs[{TRIGGER}/remove]",),
    ),
    Bug(
        "a role that is asked for and not looked at",
        (
            Edit(
                "deploy/admin/access.py",
                "    if principal.role < role:\n",
                "    if principal.role < Role.VIEWER_WITHOUT_PAYLOAD:\n",
            ),
        ),
        (f"{ROLES}::test_each_role_is_let_in_where_it_reaches_and_nowhere_else[{TRIGGER}/pause]",),
    ),
    Bug(
        "tokens stored in clear",
        (
            Edit(
                TOKEN,
                "    return hashlib.sha256(text.encode()).digest()\n",
                "    return text.encode()\n",
            ),
        ),
        (
            "tests/deploy/test_token_book.py"
            "::test_a_token_outlives_the_process_and_its_text_is_nowhere",
        ),
    ),
    Bug(
        "tokens compared as far as they are right",
        (Edit(TOKEN, COMPARED, "    return digest(text) == token.sha256\n"),),
        (f"{COMPARISON}::test_no_comparison_of_a_token_tells_how_much_of_it_is_right",),
    ),
    Bug(
        "tokens known by their prefix",
        (Edit(TOKEN, COMPARED, "    return prefix_of(text) == token.prefix\n"),),
        ("tests/deploy/test_token.py::test_only_the_whole_text_proves_a_token",),
    ),
)
