with

stores as (

    select * from {{ ref('stg_stores') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

inventory as (

    select * from {{ ref('fct_inventory_daily') }}

),

deliveries as (

    select * from {{ ref('fct_deliveries') }}

),

newest_day as (

    select max(day) as day from stores

),

last_known as (

    select * from stores
    qualify row_number() over (partition by store_id order by day desc) = 1

),

-- A place that sells or stocks without ever being named is one as well.
store_ids as (

    select store_id from last_known
    union distinct
    select store_id from orders
    union distinct
    select store_id from inventory
    union distinct
    select store_id from deliveries

),

final as (

    select
        store_ids.store_id,
        coalesce(last_known.store_name, store_ids.store_id) as store_name,
        last_known.channel,
        last_known.region,
        last_known.country,
        coalesce(last_known.day = newest_day.day, false) as active,
        last_known.data_origin

    from store_ids

    left join last_known
        on store_ids.store_id = last_known.store_id

    cross join newest_day

)

select * from final
