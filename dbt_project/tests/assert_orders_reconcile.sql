-- Units and money per day are the same in the lake's order lines and by product, place and day: no line is lost or counted twice.
-- Money is a sum of floats in another order: equal to one part in a billion.
{{ config(meta={"dagster": {"ref": {"name": "fct_orders"}}}) }}

with

orders as (

    select * from {{ ref('stg_orders') }}
    where {{ is_day_of_run('day') }}

),

orders_by_product_place_day as (

    select * from {{ ref('fct_orders') }}
    where {{ is_day_of_run('day') }}

),

line_totals as (

    select
        day,
        count(*) as lines,
        sum(quantity) as units,
        sum(case when kind <> 'adjustment' then line_amount else 0 end) as amount,
        sum(abs(line_amount)) as gross_amount

    from orders

    group by day

),

position_totals as (

    select
        day,
        sum(lines) as lines,
        sum(units_sold - units_returned - units_cancelled + units_adjusted) as units,
        sum(net_revenue) as amount

    from orders_by_product_place_day

    group by day

),

final as (

    select
        coalesce(line_totals.day, position_totals.day) as day,
        line_totals.lines as lake_lines,
        position_totals.lines as position_lines,
        line_totals.units as lake_units,
        position_totals.units as position_units,
        line_totals.amount as lake_amount,
        position_totals.amount as position_amount

    from line_totals

    full outer join position_totals
        on line_totals.day = position_totals.day

    where
        line_totals.lines is distinct from position_totals.lines
        or line_totals.units is distinct from position_totals.units
        or abs(line_totals.amount - position_totals.amount) > 1e-9 * line_totals.gross_amount

)

select * from final
