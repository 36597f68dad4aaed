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
        covered_by,
        from_store_id,
        from_surplus_units,
        act_by,
        days_of_cover,
        lead_time_days,
        daily_units,
        expected_daily_units,
        available_units,
        inbound_units,
        money_at_risk,
        money_if_false,
        confidence,
        horizon_days,
        demand_low,
        demand_median,
        demand_high,
        cover_low,
        cover_median,
        cover_high,
        next_due_on,
        minimum_order_quantity,
        unit_price,
        unit_cost,
        link_score,
        growth_24h,
        trend_q_value,
        authors_24h,
        stress_grade,
        gap_share,
        price_change,
        out_of_stock_days,
        stock_doubt,
        evidence_names,
        counter_evidence,
        stage,
        promotion,
        data_origin,
        reason

    from source

)

select * from final
