-- Event tables: one row per event, columns named as in docs/events.md.
-- `*_key` is the lower half of the MD5 of the id beside it (joins compare the id too where identity matters); `day` is the UTC day of `ts`;
-- `available_at` is the event time from which a query may see the row.
-- No indexes: they cost memory and inserts, see docs/decisions/0002-no-indexes.md.

CREATE TABLE store_info (name VARCHAR, value VARCHAR);

CREATE TABLE requests (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  request_id VARCHAR, request_key UBIGINT, feature VARCHAR, text_key UBIGINT,
  query VARCHAR USING COMPRESSION zstd, status VARCHAR, response VARCHAR USING COMPRESSION zstd,
  messages VARCHAR USING COMPRESSION zstd, session_id VARCHAR, user_id VARCHAR, segments VARCHAR,
  model VARCHAR, model_resolved VARCHAR, adapter VARCHAR, versions VARCHAR, route VARCHAR,
  region VARCHAR, origin_region VARCHAR, input_tokens BIGINT, cached_tokens BIGINT,
  output_tokens BIGINT, cost_usd DOUBLE, latency_ms DOUBLE, ttft_ms DOUBLE, finish_reason VARCHAR,
  format_valid BOOLEAN, tool_calls VARCHAR, retrieved VARCHAR, source_kind VARCHAR, probe BOOLEAN,
  tenure_days DOUBLE, expected_outcome VARCHAR, routing_propensity DOUBLE, regenerates VARCHAR
);

CREATE TABLE signals (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  signal VARCHAR, request_id VARCHAR, request_key UBIGINT, session_id VARCHAR, value DOUBLE,
  text VARCHAR USING COMPRESSION zstd, source VARCHAR, source_id VARCHAR, actor_id VARCHAR,
  chosen VARCHAR, rejected VARCHAR
);

CREATE TABLE outcomes (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  outcome VARCHAR, request_id VARCHAR, request_key UBIGINT, session_id VARCHAR, success BOOLEAN,
  value DOUBLE, final_text VARCHAR USING COMPRESSION zstd, actor_id VARCHAR
);

CREATE TABLE changes (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  artifact VARCHAR, name VARCHAR, feature VARCHAR, "from" VARCHAR, "to" VARCHAR, actor VARCHAR,
  ref VARCHAR, details VARCHAR
);

CREATE TABLE evals (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  suite VARCHAR, suite_version VARCHAR, feature VARCHAR, score DOUBLE, n BIGINT, slices VARCHAR,
  subject VARCHAR, judge VARCHAR, items VARCHAR USING COMPRESSION zstd
);

CREATE TABLE labels (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  request_id VARCHAR, request_key UBIGINT, annotator VARCHAR, label VARCHAR, guideline VARCHAR,
  corrected_text VARCHAR USING COMPRESSION zstd, confidence DOUBLE, gold BOOLEAN,
  supersedes VARCHAR, sampling_propensity DOUBLE
);

CREATE TABLE consents (
  event_id VARCHAR, event_key UBIGINT, day DATE, ts TIMESTAMP, available_at TIMESTAMP, v INTEGER,
  extra VARCHAR, duplicate BOOLEAN,
  user_id VARCHAR, purpose VARCHAR, state VARCHAR, policy VARCHAR, scope VARCHAR, erase BOOLEAN
);

-- Registered eval items, one row per (suite, version, item), append-only.
CREATE TABLE eval_items (
  suite VARCHAR, suite_version VARCHAR, feature VARCHAR, item_id VARCHAR, available_at TIMESTAMP,
  input VARCHAR USING COMPRESSION zstd, expected VARCHAR USING COMPRESSION zstd,
  input_key UBIGINT
);

CREATE TABLE dead_letters (
  dead_letter_id BIGINT, topic VARCHAR, partition INTEGER, "offset" BIGINT, kind VARCHAR,
  reason VARCHAR, field VARCHAR, message VARCHAR, value BLOB, altered BOOLEAN, digest VARCHAR,
  size_bytes BIGINT, available_at TIMESTAMP, seen_at TIMESTAMP, state VARCHAR
);

-- A file is a topic of its own with one partition; its offset is the line number.
CREATE TABLE offsets (
  topic VARCHAR, partition INTEGER, next_offset BIGINT, max_ts TIMESTAMP, updated_at TIMESTAMP
);

CREATE TABLE gaps (
  topic VARCHAR, partition INTEGER, from_offset BIGINT, to_offset BIGINT, reason VARCHAR,
  available_at TIMESTAMP, found_at TIMESTAMP
);

-- One vector per distinct normalised text and model: int8 components times `scale`.
CREATE TABLE vectors (
  text_key UBIGINT, model_id VARCHAR, scale FLOAT, vector BLOB, text_cut BOOLEAN, as_of TIMESTAMP
);

-- Topics, append-only: the newest row of a topic id at or before an as_of is the one that counts.
CREATE TABLE topics (
  feature VARCHAR, topic_id VARCHAR, version INTEGER, model_id VARCHAR, as_of TIMESTAMP,
  label VARCHAR, words VARCHAR[], examples VARCHAR[], centroid FLOAT[], reference_share DOUBLE,
  first_week DATE, state VARCHAR
);

-- What people did to topics, append-only; of a topic the newest row of an action counts.
CREATE TABLE topic_edits (
  edit_id VARCHAR, feature VARCHAR, action VARCHAR, topic_id VARCHAR, value VARCHAR,
  as_of TIMESTAMP, author VARCHAR, reason VARCHAR, details VARCHAR
);

-- Cosine cuts of a model, mapped by quantile from those of `like_model_id`; the newest row counts.
CREATE TABLE calibrations (
  model_id VARCHAR, like_model_id VARCHAR, as_of TIMESTAMP, n_texts BIGINT, n_pairs BIGINT,
  cuts VARCHAR
);

CREATE TABLE request_topics (
  request_key UBIGINT, feature VARCHAR, day DATE, topic_id VARCHAR, version INTEGER,
  model_id VARCHAR, similarity FLOAT, as_of TIMESTAMP
);

CREATE TABLE pseudo_outcomes (
  request_key UBIGINT, feature VARCHAR, week DATE, topic_id VARCHAR, psi DOUBLE, influence DOUBLE,
  labelled BOOLEAN, as_of TIMESTAMP
);

-- Figures of one (feature, week, lag, metric, cell), appended at the week's close, never changed.
CREATE TABLE weekly_figures (
  feature VARCHAR, week DATE, lag INTEGER, metric VARCHAR, cell VARCHAR, as_of TIMESTAMP,
  n BIGINT, n_labels BIGINT, n_eff DOUBLE, total DOUBLE, value DOUBLE, se DOUBLE, low DOUBLE,
  high DOUBLE, why_not VARCHAR, pooled_weeks INTEGER, back_filled BOOLEAN, details VARCHAR
);

-- Signals of one (feature, day, metric), appended as read when the day's week closed, never changed.
CREATE TABLE daily_figures (
  feature VARCHAR, day DATE, metric VARCHAR, as_of TIMESTAMP, n BIGINT, total DOUBLE,
  value DOUBLE, back_filled BOOLEAN
);

CREATE TABLE aspects (
  feature VARCHAR, aspect VARCHAR, as_of TIMESTAMP, facts VARCHAR
);

CREATE TABLE baselines (
  feature VARCHAR, kind VARCHAR, version INTEGER, weeks DATE[], value DOUBLE, se DOUBLE, n BIGINT,
  as_of TIMESTAMP, accepted_by VARCHAR, reason VARCHAR, details VARCHAR
);

CREATE TABLE alarm_states (
  feature VARCHAR, stream VARCHAR, as_of TIMESTAMP, week DATE, state VARCHAR
);

-- An incident is the sequence of its rows: opened, changed, closed.
CREATE TABLE incidents (
  incident_id VARCHAR, feature VARCHAR, stream VARCHAR, as_of TIMESTAMP, state VARCHAR,
  onset DATE, details VARCHAR
);

CREATE TABLE findings (
  finding_id VARCHAR, kind VARCHAR, feature VARCHAR, as_of TIMESTAMP, week DATE, title VARCHAR,
  severity VARCHAR, state VARCHAR, topic_id VARCHAR, incident_id VARCHAR, body VARCHAR,
  member_request_ids VARCHAR[]
);

CREATE TABLE acknowledgements (
  finding_id VARCHAR, ts TIMESTAMP, action VARCHAR, actor VARCHAR, until DATE, note VARCHAR
);

CREATE TABLE job_runs (
  job VARCHAR, as_of TIMESTAMP, started_at TIMESTAMP, finished_at TIMESTAMP, state VARCHAR,
  details VARCHAR
);

CREATE TABLE reports (
  week DATE, as_of TIMESTAMP, facts VARCHAR USING COMPRESSION zstd, sha256 VARCHAR
);

-- Attempts to tell a receiver something, append-only; of a message the newest attempt counts.
CREATE TABLE deliveries (
  delivery_id VARCHAR, target VARCHAR, message_key VARCHAR, subject VARCHAR, change VARCHAR,
  as_of TIMESTAMP, attempt INTEGER, state VARCHAR, tried_at TIMESTAMP,
  retry_at TIMESTAMP, error VARCHAR
);

CREATE TABLE datasets (
  name VARCHAR, version VARCHAR, state VARCHAR, as_of TIMESTAMP, manifest_sha256 VARCHAR,
  manifest VARCHAR USING COMPRESSION zstd, n_rows BIGINT
);

CREATE TABLE dataset_rows (
  name VARCHAR, version VARCHAR, example_id VARCHAR, kind VARCHAR, row_sha256 VARCHAR,
  request_ids VARCHAR[], subjects VARCHAR[], row VARCHAR USING COMPRESSION zstd
);

CREATE TABLE pulls (
  name VARCHAR, version VARCHAR, format VARCHAR, job_id VARCHAR, ts TIMESTAMP, sha256 VARCHAR
);
