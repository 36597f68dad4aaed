-- Do we have it? Products of the last seven days' trends with stock, sales and what the decision cards say, each product once.
with

newest as (

    select *
    from warehouse.mart_trend_products
    where day > (select max(day) from warehouse.mart_trend_products) - interval 7 day
    qualify row_number() over (partition by product_id order by day desc, link_score desc, topic_id) = 1

)

select
    day,
    label,
    product_name,
    round(link_score, 2) as link_score,
    available_units,
    inbound_units,
    round(daily_units, 1) as daily_units,
    round(days_of_cover, 1) as days_of_cover,
    places_out_of_stock,
    actions,
    units_to_order,
    act_by,
    round(money_at_risk) as money_at_risk,
    data_origin

from newest

order by money_at_risk desc, day desc, trend_score desc, product_id

limit 20
