with

trend_days as (

    select distinct day from {{ ref('fct_topic_hourly') }}

),

order_days as (

    select distinct day from {{ ref('fct_orders') }}

),

inventory_days as (

    select distinct day from {{ ref('fct_inventory_daily') }}

),

deliveries as (

    select * from {{ ref('fct_deliveries') }}

),

-- Every day that a fact names, the promised days of the future too.
bounds as (

    select
        min(day) as first_day,
        max(day) as last_day

    from (
        select day from trend_days
        union all
        select day from order_days
        union all
        select day from inventory_days
        union all
        select min(ordered_on) as day from deliveries
        union all
        select max(due_on) as day from deliveries
        union all
        select max(received_on) as day from deliveries
    ) as days

),

days as (

    select cast(day as date) as day
    from bounds
    cross join {{ days_from_to('bounds.first_day', 'bounds.last_day') }}

),

final as (

    select
        days.day,
        cast(extract(year from days.day) as integer) as year,
        cast(extract(quarter from days.day) as integer) as quarter,
        cast(extract(month from days.day) as integer) as month,
        cast(extract(day from days.day) as integer) as day_of_month,
        {{ week_start('days.day') }} as week_start,
        cast(extract(isoyear from days.day) as integer) as iso_year,
        cast({{ iso_week('days.day') }} as integer) as iso_week,
        cast({{ iso_weekday('days.day') }} as integer) as iso_weekday,
        {{ iso_weekday('days.day') }} >= 6 as weekend,
        trend_days.day is not null as posts_known,
        order_days.day is not null as orders_known,
        inventory_days.day is not null as inventory_known

    from days

    left join trend_days
        on days.day = trend_days.day

    left join order_days
        on days.day = order_days.day

    left join inventory_days
        on days.day = inventory_days.day

)

select * from final
