with

deliveries as (

    select * from {{ ref('stg_deliveries') }}

),

known_days as (

    select
        delivery_id,
        min(day) as first_known_on,
        max(day) as last_known_on

    from deliveries

    group by delivery_id

),

newest_day as (

    select max(day) as day from deliveries

),

-- What was known last holds: a date that the supplier moved, units received meanwhile.
last_known as (

    select * from deliveries
    qualify row_number() over (partition by delivery_id order by day desc) = 1

),

final as (

    select
        last_known.delivery_id,
        last_known.product_id,
        last_known.store_id,
        last_known.supplier_id,
        last_known.ordered_on,
        last_known.due_on,
        last_known.received_on,
        case
            when last_known.received_on is not null then 'received'
            when last_known.day < newest_day.day then 'gone'
            when last_known.due_on < last_known.day then 'overdue'
            else 'open'
        end as status,
        last_known.quantity_ordered,
        last_known.quantity_received,
        last_known.open_units,
        case
            when last_known.received_on is not null then greatest(last_known.quantity_ordered - last_known.quantity_received, 0)
        end as short_units,
        {{ days_between('last_known.due_on', 'last_known.received_on') }} as days_late,
        {{ days_between('last_known.ordered_on', 'last_known.received_on') }} as days_from_order,
        known_days.first_known_on,
        known_days.last_known_on,
        last_known.data_origin

    from last_known

    inner join known_days
        on last_known.delivery_id = known_days.delivery_id

    cross join newest_day

)

select * from final
