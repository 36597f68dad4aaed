-- Who carries it? The most amplified authors of the strongest trend of the last day that has a ranking.
with

topics_with_ranking as (

    select
        trends.day,
        trends.topic_id,
        trends.label

    from warehouse.fct_trend_daily as trends

    where
        not trends.suppressed
        and exists (
            select 1
            from warehouse.mart_influencers as influencers
            where
                influencers.day = trends.day
                and influencers.scope = trends.topic_id
        )

    order by trends.day desc, trends.day_rank

    limit 1

)

select
    topic.day,
    topic.label,
    influencers.rank,
    influencers.network,
    influencers.author,
    round(influencers.score, 2) as score,
    influencers.amplifiers_24h,
    influencers.interactions_24h,
    influencers.reason

from topics_with_ranking as topic

inner join warehouse.mart_influencers as influencers
    on
        topic.day = influencers.day
        and topic.topic_id = influencers.scope

order by influencers.rank

limit 10
