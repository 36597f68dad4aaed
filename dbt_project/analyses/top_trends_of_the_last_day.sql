-- What is trending now? The strongest shown trends of the last day, and whether we sell something for them.
select
    day,
    day_rank,
    label,
    stage,
    lane,
    posts,
    round(growth_24h, 1) as growth_24h,
    round(trend_score, 2) as trend_score,
    linked_products,
    reason

from warehouse.fct_trend_daily

where
    day = (select max(day) from warehouse.fct_trend_daily where not suppressed)
    and not suppressed

order by day_rank

limit 10
