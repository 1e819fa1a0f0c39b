"""The roles of the desk, and on PostgreSQL an index that finds a part of a name."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MODELS = ["call", "callevent", "turn", "answer", "review", "verification", "script"]
READ = [f"view_{model}" for model in MODELS]
CAMPAIGNS = [
    "view_campaign", "add_campaign", "change_campaign", "run_campaign", "view_campaignmember", "view_donotcall",
    "add_donotcall",
]  # fmt: skip
ROLES = {
    # Runs the day: asks for calls, follows them, ends them.
    "operator": [
        *READ, "add_verification", "change_verification", "add_call", "listen_live", "end_live_call",
        "view_savedview", "add_savedview", *CAMPAIGNS,
    ],
    # Decides what calls were.
    "reviewer": [
        *READ, "review_call", "hear_recording", "reveal_facts", "add_call", "view_savedview", "add_savedview",
    ],
    # Both, and decides where reviewers differ.
    "supervisor": [
        *READ, "add_verification", "change_verification", "add_call", "listen_live", "end_live_call", "review_call",
        "settle_escalated_call", "hear_recording", "reveal_facts", "export_call", "add_script", "change_script",
        "view_auditentry", "view_savedview", "add_savedview", *CAMPAIGNS, "add_personunlock", "view_callcost",
    ],
}  # fmt: skip
# Reads everything, changes nothing. What it hears, reveals and takes away is recorded as everybody's is.
AUDITOR_BESIDES_VIEWING = ["hear_recording", "reveal_facts", "export_call"]


def make_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    # Django makes permissions after the last migration; the roles need them now.
    for label in ("calls", "auth"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    ours = Permission.objects.filter(content_type__app_label="calls")
    for role, codenames in ROLES.items():
        found = list(ours.filter(codename__in=codenames))
        if missing := set(codenames) - {permission.codename for permission in found}:
            raise LookupError(f"role {role}: no such permission: {sorted(missing)}")
        Group.objects.get_or_create(name=role)[0].permissions.set(found)
    auditor = Group.objects.get_or_create(name="auditor")[0]
    views = Permission.objects.filter(content_type__app_label__in=["calls", "auth"], codename__startswith="view_")
    auditor.permissions.set([*views, *ours.filter(codename__in=AUDITOR_BESIDES_VIEWING)])


def index_names(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    # The extension is a trusted one since PostgreSQL 13: the database's owner may create it.
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    schema_editor.execute(
        "CREATE INDEX verification_name_part ON calls_verification USING gin (upper(name) gin_trgm_ops)"
    )


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(index_names, migrations.RunPython.noop),
    ]
