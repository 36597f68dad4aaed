-- What should I do today? The decision cards of the last day that ask for something, most money at risk first.
select
    day,
    action,
    product_name,
    store_id,
    quantity,
    act_by,
    round(money_at_risk) as money_at_risk,
    round(confidence, 2) as confidence,
    round(days_of_cover, 1) as days_of_cover,
    lead_time_days,
    label,
    promotion,
    data_origin,
    reason

from demand.decision_cards

where
    day = (select max(day) from demand.decision_cards where action <> 'hold')
    and action <> 'hold'

order by money_at_risk desc, card_id

limit 20
