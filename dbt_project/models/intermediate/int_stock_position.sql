{{ config(**replaced_by_day()) }}

with

inventory as (

    select * from {{ ref('stg_inventory') }}
    where {{ is_day_of_run('day') }}

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
        inventory.day,
        inventory.product_id,
        products.product_name,
        products.category,
        inventory.store_id,
        inventory.on_hand,
        inventory.reserved,
        inventory.on_hand - inventory.reserved as available_units,
        cast(coalesce(inbound.inbound_units, 0) as bigint) as inbound_units,
        cast(coalesce(inbound.overdue_units, 0) as bigint) as overdue_units,
        inbound.next_due_on,
        products.lead_time_days,
        products.minimum_order_quantity,
        products.unit_price,
        products.unit_cost,
        promoted.product_id is not null as promotion,
        case
            when 'simulated' in (inventory.data_origin, products.data_origin, inbound.data_origin) then 'simulated'
            else 'real'
        end as data_origin

    from inventory

    left join products
        on
            inventory.day = products.day
            and inventory.product_id = products.product_id

    left join inbound
        on
            inventory.day = inbound.day
            and inventory.product_id = inbound.product_id
            and inventory.store_id = inbound.store_id

    left join promoted
        on
            inventory.day = promoted.day
            and inventory.product_id = promoted.product_id
            and inventory.store_id = promoted.store_id

)

select * from final
