-- Were we right before? Ranges alerted and rises of sales by category and method, ours beside simple ones, as our own sales decided.
with

decided as (

    select
        category,
        method,
        sum(case when outcome = 'hit' then 1 else 0 end) as hits,
        sum(case when outcome = 'late' then 1 else 0 end) as late,
        sum(case when outcome = 'miss' then 1 else 0 end) as misses,
        sum(case when outcome = 'false_alarm' then 1 else 0 end) as false_alarms,
        -- late on a rise that was seen before the alert: that rise is among the misses already
        sum(case when outcome = 'late' and detected_on >= cast(alerted_at as date) then 1 else 0 end) as late_unseen,
        round(avg(case when outcome = 'hit' then lead_days end), 1) as mean_lead_days

    from demand.lead_time_scores

    where outcome in ('hit', 'late', 'miss', 'false_alarm')

    group by category, method

)

select
    category,
    method,
    hits,
    late,
    misses,
    false_alarms,
    mean_lead_days,
    round(hits / nullif(hits + late + false_alarms, 0), 2) as precision_of_alerts,
    round(hits / nullif(hits + late_unseen + misses, 0), 2) as recall_of_rises

from decided

order by category, hits desc, method
