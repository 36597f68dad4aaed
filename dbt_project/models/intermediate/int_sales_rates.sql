{{ config(**replaced_by_day()) }}

with

orders as (

    select * from {{ ref('stg_orders') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

inventory as (

    select * from {{ ref('stg_inventory') }}

),

-- A day without a sale counts as a day; a day of which nothing is known (before the lake's first) does not.
retail_days as (

    select day from orders
    union distinct
    select day from products
    union distinct
    select day from inventory

),

days_of_run as (

    select day from retail_days
    where {{ is_day_of_run('day') }}

),

known_days as (

    select
        days_of_run.day,
        count(*) as days_known

    from days_of_run

    inner join retail_days
        on retail_days.day between {{ days_later('days_of_run.day', -13) }} and days_of_run.day

    group by days_of_run.day

),

-- A cancelled line was no demand. Returns are not subtracted: the customer did want it.
daily_sales as (

    select
        day,
        product_id,
        store_id,
        sum(quantity) as units,
        max(data_origin) as data_origin

    from orders

    where kind in ('sale', 'cancellation')

    group by day, product_id, store_id

),

final as (

    select
        known_days.day,
        daily_sales.product_id,
        daily_sales.store_id,
        cast(known_days.days_known as integer) as days_known,
        greatest(cast(sum(daily_sales.units) as {{ double_type() }}), 0.0) / known_days.days_known as daily_units,
        greatest(
            cast(sum(case when daily_sales.day >= {{ days_later('known_days.day', -2) }} then daily_sales.units else 0 end) as {{ double_type() }}), 0.0
        ) as last_3_days_units,
        max(daily_sales.data_origin) as data_origin

    from known_days

    inner join daily_sales
        on daily_sales.day between {{ days_later('known_days.day', -13) }} and known_days.day

    group by known_days.day, known_days.days_known, daily_sales.product_id, daily_sales.store_id

)

select * from final
