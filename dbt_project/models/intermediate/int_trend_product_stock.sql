{{ config(**replaced_by_day()) }}

with

trend_days as (

    select * from {{ ref('int_trend_days') }}
    where {{ is_day_of_run('day') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}

),

stock_positions as (

    select * from {{ ref('int_stock_position') }}

),

sales_rates as (

    select * from {{ ref('int_sales_rates') }}

),

final as (

    select
        trend_days.day,
        trend_days.topic_id,
        trend_days.label,
        links.product_id,
        coalesce(stock_positions.product_name, links.product_id) as product_name,
        stock_positions.store_id,
        trend_days.stage,
        trend_days.suppressed,
        trend_days.trend_score,
        trend_days.trend_q_value,
        trend_days.growth_24h,
        trend_days.authors_24h,
        links.score as link_score,
        coalesce(sales_rates.daily_units, 0.0) as daily_units,
        coalesce(sales_rates.last_3_days_units, 0.0) as last_3_days_units,
        stock_positions.available_units,
        stock_positions.inbound_units,
        stock_positions.next_due_on,
        stock_positions.lead_time_days,
        stock_positions.minimum_order_quantity,
        stock_positions.unit_price,
        stock_positions.unit_cost,
        stock_positions.promotion,
        case
            when 'simulated' in (stock_positions.data_origin, sales_rates.data_origin) then 'simulated'
            else 'real'
        end as data_origin

    from trend_days

    inner join links
        on
            trend_days.day = links.day
            and trend_days.topic_id = links.topic_id

    inner join stock_positions
        on
            links.day = stock_positions.day
            and links.product_id = stock_positions.product_id

    left join sales_rates
        on
            stock_positions.day = sales_rates.day
            and stock_positions.product_id = sales_rates.product_id
            and stock_positions.store_id = sales_rates.store_id

    where
        links.linked
        and not trend_days.suppressed

)

select * from final
