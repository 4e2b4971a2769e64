-- one row per (finding, as_of) known at $as_of: what was said each week, without its requests
SELECT finding_id, as_of, kind, feature, week, state, severity, topic_id, incident_id, title,
       (body ->> '$.now.value')::DOUBLE AS now_value, (body ->> '$.now.low')::DOUBLE AS now_low,
       (body ->> '$.now.high')::DOUBLE AS now_high, (body ->> '$.now.n')::BIGINT AS now_n,
       (body ->> '$.before.value')::DOUBLE AS before_value,
       (body ->> '$.before.low')::DOUBLE AS before_low,
       (body ->> '$.before.high')::DOUBLE AS before_high,
       (body ->> '$.before.n')::BIGINT AS before_n,
       len(member_request_ids) AS n_members, body ->> '$.next_step' AS next_step
FROM findings
WHERE as_of <= $as_of
ORDER BY finding_id, as_of;
