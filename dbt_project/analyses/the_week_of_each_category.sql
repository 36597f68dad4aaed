-- How was the week? Each category of the last two weeks: trends, what was to be done, sales, empty shelves, suppliers.
select
    week_start,
    category,
    trends,
    trending_products,
    places_to_act,
    places_too_late,
    round(money_at_risk) as money_at_risk,
    units_sold,
    units_sold_in_promotion,
    round(net_revenue) as net_revenue,
    currency,
    round(100 * out_of_stock_share, 1) as out_of_stock_percent,
    round(stock_value) as stock_value,
    deliveries_received,
    deliveries_late,
    short_units,
    data_origin

from warehouse.mart_buyer_week

where week_start > (select max(week_start) from warehouse.mart_buyer_week) - interval 14 day

order by week_start desc, money_at_risk desc, category

limit 40
