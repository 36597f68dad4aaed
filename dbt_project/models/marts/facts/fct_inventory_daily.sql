{{ config(**replaced_by_day()) }}

with

inventory as (

    select * from {{ ref('stg_inventory') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

deliveries as (

    select * from {{ ref('stg_deliveries') }}
    where {{ is_day_of_run('day') }}

),

promotions as (

    select * from {{ ref('stg_promotions') }}
    where {{ is_day_of_run('day') }}

),

sales_rates as (

    select * from {{ ref('int_sales_rates') }}
    where {{ is_day_of_run('day') }}

),

-- What is still to come and due before a new order would arrive. An overdue line is still an open commitment: it counts, and is shown apart.
inbound as (

    select
        deliveries.day,
        deliveries.product_id,
        deliveries.store_id,
        sum(deliveries.open_units) as inbound_units,
        sum(case when deliveries.due_on < deliveries.day then deliveries.open_units else 0 end) as overdue_units,
        min(deliveries.due_on) as next_due_on,
        max(deliveries.data_origin) as data_origin

    from deliveries

    left join products
        on
            deliveries.day = products.day
            and deliveries.product_id = products.product_id

    where
        deliveries.open_units > 0
        and deliveries.due_on <= {{ days_later('deliveries.day', 'coalesce(products.lead_time_days, ' ~ var('default_lead_time_days') ~ ')') }}

    group by deliveries.day, deliveries.product_id, deliveries.store_id

),

promoted as (

    select distinct
        day,
        product_id,
        store_id

    from promotions

),

final as (

    select
        today.day,
        today.product_id,
        today.store_id,
        yesterday.on_hand as opening_units,
        today.received,
        today.sold,
        today.returned,
        today.adjusted,
        today.on_hand,
        -- What the day's movements leave open; unknown where stock of the day before or movements are.
        today.on_hand
        - (yesterday.on_hand + today.received - today.sold + coalesce(today.returned, 0) + coalesce(today.adjusted, 0)) as unexplained_units,
        today.reserved,
        today.on_hand - today.reserved as available_units,
        cast(coalesce(inbound.inbound_units, 0) as bigint) as inbound_units,
        cast(coalesce(inbound.overdue_units, 0) as bigint) as overdue_units,
        inbound.next_due_on,
        coalesce(sales_rates.daily_units, 0.0) as daily_units,
        coalesce(sales_rates.last_3_days_units, 0.0) as last_3_days_units,
        greatest(today.on_hand - today.reserved, 0) / nullif(sales_rates.daily_units, 0.0) as days_of_cover,
        products.lead_time_days,
        products.minimum_order_quantity,
        products.unit_price,
        products.unit_cost,
        greatest(today.on_hand, 0) * products.unit_cost as stock_value,
        promoted.product_id is not null as promotion,
        case
            when 'simulated' in (today.data_origin, products.data_origin, inbound.data_origin, sales_rates.data_origin) then 'simulated'
            else 'real'
        end as data_origin

    from inventory as today

    left join inventory as yesterday
        on
            today.day = {{ days_later('yesterday.day', 1) }}
            and today.product_id = yesterday.product_id
            and today.store_id = yesterday.store_id

    left join products
        on
            today.day = products.day
            and today.product_id = products.product_id

    left join inbound
        on
            today.day = inbound.day
            and today.product_id = inbound.product_id
            and today.store_id = inbound.store_id

    left join sales_rates
        on
            today.day = sales_rates.day
            and today.product_id = sales_rates.product_id
            and today.store_id = sales_rates.store_id

    left join promoted
        on
            today.day = promoted.day
            and today.product_id = promoted.product_id
            and today.store_id = promoted.store_id

    where {{ is_day_of_run('today.day') }}

)

select * from final
