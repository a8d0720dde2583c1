"""pip-audit over what is installed here: exit 1 for a known vulnerability, one line where nothing could be looked up.

pip-audit itself ends well where the index knows no vulnerabilities at all (a mirror, no network): that is no good news.
"""

import json
import subprocess
import sys


def main() -> int:
    """Run it and tell what it found."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--local",
        "--skip-editable",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    try:
        rows = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        print("pip-audit: the vulnerability service cannot be reached; nothing was audited")
        return 0
    audited = [row for row in rows if "skip_reason" not in row]
    if not audited:
        print(f"pip-audit: this package index knows no vulnerabilities; none of {len(rows)} packages was audited")
        return 0
    found = [(row, each) for row in audited for each in row["vulns"]]
    for row, each in found:
        fixed = ", ".join(each.get("fix_versions", [])) or "no fixed version"
        print(f"{row['name']} {row['version']}: {each['id']} ({fixed})")
    print(f"pip-audit: {len(audited)} of {len(rows)} packages audited, {len(found)} known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
