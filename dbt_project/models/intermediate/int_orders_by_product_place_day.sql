{{ config(**replaced_by_day()) }}

with

orders as (

    select * from {{ ref('stg_orders') }}
    where {{ is_day_of_run('day') }}

),

final as (

    select
        day,
        product_id,
        store_id,
        currency,
        cast(count(*) as bigint) as lines,
        cast(sum(case when kind = 'sale' then quantity else 0 end) as bigint) as units_sold,
        cast(-sum(case when kind = 'return' then quantity else 0 end) as bigint) as units_returned,
        cast(-sum(case when kind = 'cancellation' then quantity else 0 end) as bigint) as units_cancelled,
        cast(sum(case when kind = 'adjustment' then quantity else 0 end) as bigint) as units_adjusted,
        sum(case when kind = 'sale' then line_amount else 0 end) as gross_revenue,
        sum(case when kind <> 'adjustment' then line_amount else 0 end) as net_revenue,
        max(data_origin) as data_origin

    from orders

    group by day, product_id, store_id, currency

)

select * from final
