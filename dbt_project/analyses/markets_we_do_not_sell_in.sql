-- Where does a trend grow and we do not sell? Regions of the last week in which a shown trend grew and nothing of ours for it is sold there.
select
    day,
    label,
    region,
    language,
    presence,
    posts,
    authors,
    round(growth_24h, 1) as growth_24h,
    linked_products,
    places,
    units_sold_14d

from warehouse.mart_markets

where
    grows_unserved
    and day > (select max(day) from warehouse.mart_markets) - interval 7 day

order by day desc, posts desc, topic_id, region, language

limit 20
