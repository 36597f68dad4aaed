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

linked_products as (

    select distinct
        day,
        product_id

    from links

    where linked

),

-- A cancelled line was no demand. Returns are not subtracted: the customer did want it.
daily_sales as (

    select
        day,
        product_id,
        store_id,
        sum(quantity) as units

    from {{ ref('stg_orders') }}

    where kind in ('sale', 'cancellation')

    group by day, product_id, store_id

),

-- The 14 days up to the day, of linked products: what sold on days with stock, and what is odd about the stock.
stock_days as (

    select
        linked_products.day,
        inventory.product_id,
        inventory.store_id,
        inventory.day as past_day,
        inventory.on_hand,
        coalesce(inventory.adjusted, 0) as adjusted,
        coalesce(daily_sales.units, 0) as units,
        inventory.on_hand > 0 or coalesce(daily_sales.units, 0) > 0 as had_stock,
        inventory.day > {{ days_later('linked_products.day', -3) }} as is_recent

    from linked_products

    inner join {{ ref('stg_inventory') }} as inventory
        on
            linked_products.product_id = inventory.product_id
            and inventory.day between {{ days_later('linked_products.day', -13) }} and linked_products.day

    left join daily_sales
        on
            inventory.day = daily_sales.day
            and inventory.product_id = daily_sales.product_id
            and inventory.store_id = daily_sales.store_id

),

stock_history as (

    select
        day,
        product_id,
        store_id,
        avg(case when had_stock and not is_recent then cast(units as {{ double_type() }}) end) as earlier_daily_units,
        avg(case when had_stock and is_recent then cast(units as {{ double_type() }}) end) as recent_daily_units,
        cast(sum(case when had_stock and not is_recent then 1 else 0 end) as integer) as earlier_days,
        cast(sum(case when on_hand <= 0 then 1 else 0 end) as integer) as out_of_stock_days,
        cast(sum(abs(adjusted)) as bigint) as adjusted_units

    from stock_days

    group by day, product_id, store_id

),

price_changes as (

    select
        today.day,
        today.product_id,
        today.unit_price / nullif(before.unit_price, 0) as price_change

    from {{ ref('stg_products') }} as today

    inner join {{ ref('stg_products') }} as before
        on
            today.product_id = before.product_id
            and before.day = {{ days_later('today.day', -13) }}

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
        -- Four days are the least that say what is usual.
        case when stock_history.earlier_days >= 4 then greatest(stock_history.earlier_daily_units, 0.0) end as usual_daily_units,
        greatest(stock_history.recent_daily_units, 0.0) as recent_daily_units,
        stock_positions.available_units,
        stock_positions.inbound_units,
        stock_positions.next_due_on,
        stock_positions.lead_time_days,
        stock_positions.minimum_order_quantity,
        stock_positions.unit_price,
        stock_positions.unit_cost,
        stock_positions.promotion,
        trend_days.stress_grade,
        price_changes.price_change,
        coalesce(stock_history.out_of_stock_days, 0) as out_of_stock_days,
        coalesce(stock_history.adjusted_units, 0) as adjusted_units,
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

    left join stock_history
        on
            stock_positions.day = stock_history.day
            and stock_positions.product_id = stock_history.product_id
            and stock_positions.store_id = stock_history.store_id

    left join price_changes
        on
            stock_positions.day = price_changes.day
            and stock_positions.product_id = price_changes.product_id

    where
        links.linked
        and not trend_days.suppressed

)

select * from final
