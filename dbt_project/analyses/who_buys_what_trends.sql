-- Who buys what trends? Customers by segment of the categories that the newest trends are linked to, in the regions that speak of them.
select
    day,
    label,
    region,
    language,
    posts,
    category,
    segment,
    week_ends_on,
    customers,
    round(segment_share, 2) as segment_share,
    round(customers_growth, 2) as customers_growth

from warehouse.mart_trend_segments

where day > (select max(day) from warehouse.mart_trend_segments) - interval 7 day

order by day desc, posts desc, topic_id, region, language, category, customers desc, segment

limit 40
