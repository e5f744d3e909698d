"""What the tests of the command line share: a secret, two hooks, and the exit code that is always looked at."""

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOKS = """
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"

[[hook]]
topic = "order.paid"
match = "POST /orders/{id}/pay"
when = { "response:/state" = "paid" }
id = "path:id"
"""


def said(done, code):
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
