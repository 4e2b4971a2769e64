-- one row per request with any signal at as_of_: its score and the flags that models use.
-- Each signal counts once a request (the newest of its kind); `abandon` never enters the score.
-- Rounding takes away what the order of adding up leaves in the last bits.
-- Of signal_scores_since only signals with ts >= from_ are looked at.
CREATE OR REPLACE MACRO signal_scores_since(from_, as_of_) AS TABLE
WITH newest AS (
  SELECT request_key, signal,
         arg_max(weight, (ts, event_id)) AS weight,
         arg_max_null(value, (ts, event_id)) AS value
  FROM request_signals_since(from_, as_of_)
  GROUP BY request_key, signal
)
SELECT request_key,
       greatest(-1, least(1,
         round(coalesce(sum(weight) FILTER (signal <> 'abandon'), 0), 12))) AS score,
       count(*) FILTER (weight <> 0 AND signal <> 'abandon') > 0 AS rated,
       bool_or(signal = 'retry') AS retry,
       bool_or(signal = 'rephrase') AS rephrase,
       bool_or(signal IN ('copy', 'share')) AS copy,
       bool_or(signal IN ('accept', 'insert') AND weight > 0) AS accept,
       bool_or(signal = 'edit') AS edit,
       max(value) FILTER (signal = 'edit') AS edit_ratio,
       bool_or(signal = 'abandon') AS abandon,
       bool_or(signal = 'escalate') AS escalate,
       bool_or(signal = 'regenerate') AS regenerate,
       bool_or(signal = 'undo' AND weight < 0) AS undo,
       bool_or(signal = 'thumbs_up' OR (signal = 'rating' AND weight > 0)) AS thumbs_up,
       bool_or(signal = 'thumbs_down' OR (signal = 'rating' AND weight < 0)) AS thumbs_down,
       bool_or(signal IN ('thumbs_up', 'thumbs_down', 'rating')) AS gave_rating,
       max(value) FILTER (signal = 'dwell') AS dwell_s,
       bool_or(signal IN ('retry', 'rephrase', 'regenerate', 'escalate')
               OR (signal = 'edit' AND value >= 0.6)
               OR (signal = 'undo' AND weight < 0)) AS friction
FROM newest
GROUP BY request_key;
CREATE OR REPLACE MACRO signal_scores(as_of_) AS TABLE
SELECT * FROM signal_scores_since('-infinity'::TIMESTAMP, as_of_);
