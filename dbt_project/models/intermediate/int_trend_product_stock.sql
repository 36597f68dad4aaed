{{ config(**replaced_by_day()) }}

with

trend_days as (

    select * from {{ ref('fct_trend_daily') }}
    where {{ is_day_of_run('day') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}

),

stock_positions as (

    select * from {{ ref('fct_inventory_daily') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

final as (

    select
        trend_days.day,
        trend_days.topic_id,
        trend_days.label,
        links.product_id,
        coalesce(products.product_name, links.product_id) as product_name,
        stock_positions.store_id,
        trend_days.stage,
        trend_days.suppressed,
        trend_days.trend_score,
        trend_days.trend_q_value,
        trend_days.growth_24h,
        trend_days.authors_24h,
        links.score as link_score,
        stock_positions.daily_units,
        stock_positions.last_3_days_units,
        stock_positions.available_units,
        stock_positions.inbound_units,
        stock_positions.next_due_on,
        stock_positions.lead_time_days,
        stock_positions.minimum_order_quantity,
        stock_positions.unit_price,
        stock_positions.unit_cost,
        stock_positions.promotion,
        stock_positions.data_origin

    from trend_days

    inner join links
        on
            trend_days.day = links.day
            and trend_days.topic_id = links.topic_id

    inner join stock_positions
        on
            links.day = stock_positions.day
            and links.product_id = stock_positions.product_id

    left join products
        on
            links.day = products.day
            and links.product_id = products.product_id

    where
        links.linked
        and not trend_days.suppressed

)

select * from final
