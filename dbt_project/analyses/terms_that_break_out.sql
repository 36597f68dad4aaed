-- Which terms break out by the network's own counts, without a post bought? The newest first; and what their counts and posts have cost.
with

costs as (

    select
        rule,
        sum(cost) as cost

    from social.collection_costs

    group by rule

)

select
    bursts.begins_at,
    bursts.term,
    bursts.posts,
    bursts.expected_posts,
    bursts.alarms_per_day,
    bursts.topic_id,
    costs.cost as cost_of_term,
    bursts.reason

from topics.term_bursts as bursts

left join costs
    on bursts.term = costs.rule

where bursts.breaks_out

order by bursts.begins_at desc, bursts.alarms_per_day, bursts.term

limit 20
