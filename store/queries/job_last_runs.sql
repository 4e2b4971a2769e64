-- one row per job: its newest run
SELECT job, max(as_of) AS as_of, arg_max(state, finished_at) AS state,
       max(finished_at) AS finished_at, arg_max(details, finished_at) AS details, count(*) AS n_runs
FROM job_runs
WHERE job <> 'close'
GROUP BY job
ORDER BY job;
