"""What Cockpit 1 delivered, and where Trotline's events differ."""

import json

from traffic import Difference, System, within, without


def delivery(raw):
    body = json.loads(raw.partition(b"\r\n\r\n")[2])
    return body["event"], body["args"]


ROOT = "/srv/www/cms/cockpit1"  # of the recorded server


def paths(native, ours):
    """Absolute paths are ours, below a root that we do not know: upload [[name], failed, folder], rename [path, name], removefiles [[path]]."""
    if len(ours) == 3:
        ours = [[f"/{ours[2].strip('/')}/{name}" for name in ours[0]], ours[1]]
    elif len(ours) == 2:
        ours = [ours[0], ours[0].rpartition("/")[0] + "/" + ours[1]]
    return native == json.loads(json.dumps(ours).replace('"/', f'"{ROOT}/'))


COCKPIT = System(
    dialect="cockpit",
    options="reads = true\nrefused = true\n",
    read=delivery,
    unseen={
        "cockpit.rest.init": "PHP's start of any API request, with the names of PHP classes",
        ("collections.find.after", "35-admin-delete_entries"): "what the backend reads before it deletes is in no answer",
    },
    differences=[
        Difference(
            ("collections.save.before", "forms.save.before", "singleton.saveData.before"),
            "before: what the request sent, without what Cockpit adds (_by, _modified, _created, empty fields)",
            lambda native, ours: within(ours, native),
        ),
        Difference(
            ("singleton.getData.after", "singleton.saveData.after", "singleton.remove", "forms.submit.after"),
            "the exchange shows the name of the singleton or form only, not its definition",
            lambda native, ours: within(ours, native),
        ),
        Difference(
            ("forms.save.after",),
            "the answer to a form holds what was sent in, not the entry's _id and dates",
            lambda native, ours: within(ours, native),
        ),
        Difference(
            ("cockpit.assets.save",),
            "ours carry the _id, which Cockpit's are sent without",
            lambda native, ours: without(ours, "_id") == native,
        ),
        Difference(
            ("cockpit.accounts.save",),
            "ours carry the _id, and never the password's hash",
            lambda native, ours: without(ours, "_id") == without(native, "password"),
        ),
        Difference(
            ("cockpit.media.upload", "cockpit.media.rename", "cockpit.media.removefiles"),
            "paths in the site, never those of the server",
            paths,
        ),
        Difference(
            ("cockpit.api.authenticate",),
            "the token that was tried never leaves; of the rest, query.path says it all",
            lambda native, ours: within(ours, native) and "token" not in json.dumps(ours),
        ),
        Difference(
            ("collections.remove.after",),
            "the backend's answer, 1, does not say how many",
            lambda native, ours: ours == [native[0], None],
            ("35-admin-delete_entries",),
        ),
    ],
    secrets=("labtoken", "wrong", "$2y$", "test-pass", ROOT),
    beside={
        "collections.save.before.posts": "with a name behind it",
        "collections.find.before": "before a read",
        "collections.find.before.posts": "before a read, with a name behind it",
        "collections.find.after.posts": "with a name behind it",
        "collections.remove.before.posts": "with a name behind it",
        "collections.remove.after.posts": "with a name behind it",
        "collections.updatecollection.posts": "with a name behind it",
        "collections.removecollection.posts": "with a name behind it",
        "singleton.getData.after.settings": "with a name behind it",
        "singleton.save.before": "fires with singleton.save.after",
        "singleton.save.before.footer": "with a name behind it",
        "singleton.save.after.footer": "with a name behind it",
        "singleton.saveData.before.footer": "with a name behind it",
        "singleton.saveData.after.footer": "with a name behind it",
        "singleton.remove.footer": "with a name behind it",
        "forms.submit.before": "fires with forms.submit.after",
        "forms.save.before.contact": "with a name behind it",
        "forms.save.after.contact": "with a name behind it",
        "cockpit.asset.save": "fires for each asset of cockpit.assets.save, and for an update",
    },
    quiet=(
        "08-entries-read-by-POST",
        "09-entry-save-missing-collection-412",
        "10-entry-save-no-data",
        "11-entry-save-badtoken-401",
        "18-assets-list",
        "21-form-submit-missing",
        "22-singleton-get",
        "24-user-auth-200",
        "25-user-auth-401",
        "26-admin-login",
        "28-admin-call-forms-saveForm",
        "40-admin-webhooks-save",
    ),
    refused=("08-entries-read-by-POST", "11-entry-save-badtoken-401", "18-assets-list", "22-singleton-get"),
)
