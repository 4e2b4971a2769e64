"""The pages that a person opens in a browser; every value is escaped by the template engine."""

from typing import Any

_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>decayd</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }
</style></head><body>
<h1>decayd</h1>
<p>Kafka: {{ status.kafka.state }}. Closed up to {{ status.watermark or "nothing yet" }} UTC.</p>
<h2>Weekly reports</h2>
{% if reports %}<ul>{% for r in reports %}
<li><a href="/reports/{{ r.week }}/html">Week of {{ r.week }}</a>, as of {{ r.as_of }} UTC
(<a href="/reports/{{ r.week }}/markdown">Markdown</a>,
<a href="/reports/{{ r.week }}/facts_json">JSON</a>)</li>{% endfor %}</ul>
{% else %}<p>None yet: the first is written when a week of events has closed.</p>{% endif %}
<h2>Events</h2>
<table><tr><th>Kind</th><th>Stored</th><th>Newest (UTC)</th></tr>
{% for e in status.events %}<tr><td>{{ e.kind }}</td><td>{{ e.n }}</td>
<td>{{ e.newest or "none" }}</td></tr>{% endfor %}</table>
<h2>Jobs</h2>
<table><tr><th>Job</th><th>Every</th><th>Answers</th><th>Last as of (UTC)</th><th>State</th></tr>
{% for j in status.jobs %}<tr><td>{{ j.job }}</td><td>{{ j.every }}</td><td>{{ j.answers }}</td>
<td>{{ j.as_of or "not yet" }}</td><td>{{ j.state or "waiting" }}</td></tr>{% endfor %}</table>
</body></html>
"""


def index_page(status: dict[str, Any], reports: list[dict[str, Any]]) -> str:
    """Return the front page: reports, what came in, what the jobs did."""
    from jinja2 import Environment, StrictUndefined

    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_INDEX)
    return template.render(status=status, reports=reports)
