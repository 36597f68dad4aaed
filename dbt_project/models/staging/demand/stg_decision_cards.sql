with

source as (

    select * from {{ source('demand', 'decision_cards') }}

),

final as (

    select
        day,
        card_id,
        topic_id,
        label,
        product_id,
        product_name,
        store_id,
        action,
        quantity,
        act_by,
        days_of_cover,
        lead_time_days,
        daily_units,
        expected_daily_units,
        available_units,
        inbound_units,
        money_at_risk,
        confidence,
        stage,
        promotion,
        data_origin,
        reason

    from source

)

select * from final
