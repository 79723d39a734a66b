-- Links, vertices, balancers, diamonds and paths of a survey, in SQL that DuckDB and ClickHouse both
-- read. It stands on four tables: probes (a row per probe), links (a row per link), traces (a row
-- per finished destination), classes (a row per balancer that was studied) and turned (a row per vertex
-- at which the route changed during the trace). All links lead from one TTL to the next, which the diamonds rely on.

-- A row per vertex of each trace. A place is a vertex without its TTL; all stars are one place.
CREATE OR REPLACE TABLE vertices AS
SELECT
    run_id, vertex, ttl, addr,
    regexp_replace(regexp_replace(vertex, '@[0-9]+$', ''), '^[*][0-9]+', '*') AS place,
    sum(leaving) AS successors, sum(arriving) AS predecessors
FROM (
    SELECT run_id, near_vertex AS vertex, near_ttl AS ttl, near_addr AS addr,
        1 AS leaving, 0 AS arriving FROM links
    UNION ALL
    SELECT run_id, far_vertex AS vertex, far_ttl AS ttl, far_addr AS addr,
        0 AS leaving, 1 AS arriving FROM links
) AS both_ends
GROUP BY run_id, vertex, ttl, addr;

-- A row per balancer of each trace: a vertex with several successors, unless it has them because the
-- route changed. Its class is '' where
-- nothing studied it.
CREATE OR REPLACE VIEW balancers AS
SELECT
    b.run_id AS run_id, b.vertex AS vertex, b.ttl AS ttl, b.addr AS addr,
    b.successors AS successors, coalesce(c.kind, '') AS kind
FROM (SELECT * FROM vertices WHERE successors >= 2) AS b
LEFT JOIN classes AS c ON c.run_id = b.run_id AND c.vertex = b.vertex
WHERE (b.run_id, b.vertex) NOT IN (SELECT run_id, vertex FROM turned);

-- A row per vertex that can be reached from each balancer, with the number of paths to it.
CREATE OR REPLACE TABLE walks AS
WITH RECURSIVE walk AS (
    SELECT run_id, vertex AS origin, vertex, ttl, CAST(1 AS DOUBLE) AS ways
    FROM vertices WHERE successors >= 2
    UNION ALL
    SELECT w.run_id, w.origin, l.far_vertex, l.far_ttl, sum(w.ways)
    FROM walk AS w
    JOIN links AS l ON l.run_id = w.run_id AND l.near_vertex = w.vertex
    GROUP BY w.run_id, w.origin, l.far_vertex, l.far_ttl
)
SELECT
    w.run_id AS run_id, w.origin AS origin, w.vertex AS vertex, w.ttl AS ttl, w.ways AS ways,
    v.place AS place, v.addr AS addr, v.successors AS successors
FROM walk AS w
JOIN vertices AS v ON v.run_id = w.run_id AND v.vertex = w.vertex;

-- Where the paths of each trace end. If all ends have one address, they count as one end: the last.
CREATE OR REPLACE TABLE ends AS
SELECT
    run_id, max(ttl) AS last_ttl, argMax(vertex, ttl) AS last_vertex,
    argMax(place, ttl) AS last_place, argMax(coalesce(addr, ''), ttl) AS last_addr,
    count(DISTINCT place) AS places
FROM vertices WHERE successors = 0
GROUP BY run_id;

-- A row per balancer, with the first vertex that all its paths go through ('' if there is none):
-- the only vertex that it reaches at a TTL before which no path ends.
CREATE OR REPLACE TABLE meetings AS
SELECT
    m.run_id AS run_id, m.origin AS origin,
    CASE WHEN m.meets_at <= m.ends_at THEN s.vertex
        WHEN e.places = 1 AND e.last_addr <> '' THEN e.last_vertex ELSE '' END AS meeting,
    CASE WHEN m.meets_at <= m.ends_at THEN s.addr
        WHEN e.places = 1 AND e.last_addr <> '' THEN e.last_addr ELSE '' END AS meeting_addr,
    CASE WHEN m.meets_at <= m.ends_at THEN m.meets_at
        WHEN e.places = 1 AND e.last_addr <> '' THEN CAST(e.last_ttl AS INTEGER)
        ELSE 1000 END AS meeting_ttl,
    CASE WHEN m.meets_at <= m.ends_at THEN s.place
        WHEN e.places = 1 AND e.last_addr <> '' THEN e.last_place ELSE '' END AS meeting_place
FROM (
    SELECT
        run_id, origin,
        min(CASE WHEN width = 1 THEN CAST(ttl AS INTEGER) ELSE 1000 END) AS meets_at,
        min(CASE WHEN ended > 0 THEN CAST(ttl AS INTEGER) ELSE 999 END) AS ends_at
    FROM (
        SELECT
            run_id, origin, ttl, count(*) AS width,
            sum(CASE WHEN successors = 0 THEN 1 ELSE 0 END) AS ended
        FROM walks WHERE vertex <> origin
        GROUP BY run_id, origin, ttl
    ) AS levels
    GROUP BY run_id, origin
) AS m
JOIN ends AS e ON e.run_id = m.run_id
LEFT JOIN (
    SELECT
        run_id, origin, CAST(ttl AS INTEGER) AS at_ttl, min(vertex) AS vertex, min(place) AS place,
        min(coalesce(addr, '')) AS addr
    FROM walks WHERE vertex <> origin
    GROUP BY run_id, origin, ttl
) AS s ON s.run_id = m.run_id AND s.origin = m.origin AND s.at_ttl = m.meets_at;

-- The vertices strictly inside what each balancer opens, with the number of paths to each.
CREATE OR REPLACE TABLE insides AS
SELECT
    w.run_id AS run_id, w.origin AS origin, w.vertex AS vertex, w.ttl AS ttl, w.ways AS ways,
    w.successors AS successors
FROM walks AS w
JOIN meetings AS m ON m.run_id = w.run_id AND m.origin = w.origin
WHERE w.vertex <> w.origin AND w.ttl < m.meeting_ttl AND w.place <> m.meeting_place;

-- The balancers that open a diamond: those that are not inside another one.
CREATE OR REPLACE TABLE openings AS
SELECT
    m.run_id AS run_id, m.origin AS origin, m.meeting AS meeting, m.meeting_addr AS meeting_addr,
    m.meeting_ttl AS meeting_ttl, v.ttl AS ttl, v.addr AS addr, v.successors AS successors
FROM meetings AS m
JOIN vertices AS v ON v.run_id = m.run_id AND v.vertex = m.origin
WHERE (m.run_id, m.origin) NOT IN (SELECT run_id, vertex FROM insides);

-- The vertices of each diamond with both of its ends, and which of the two they are.
CREATE OR REPLACE TABLE members AS
SELECT o.run_id AS run_id, o.origin AS origin, o.origin AS vertex, o.ttl AS ttl,
    CAST(1 AS DOUBLE) AS ways, o.successors AS successors, 'divergence' AS part
FROM openings AS o
UNION ALL
SELECT i.run_id, i.origin, i.vertex, i.ttl, i.ways, i.successors, 'inside'
FROM insides AS i JOIN openings AS o ON o.run_id = i.run_id AND o.origin = i.origin
UNION ALL
SELECT o.run_id, o.origin, o.meeting, o.meeting_ttl, CAST(0 AS DOUBLE), 0, 'convergence'
FROM openings AS o WHERE o.meeting <> '';

-- The same vertices, with their links inside the diamond.
CREATE OR REPLACE TABLE degrees AS
SELECT
    run_id, origin, vertex, ttl, part, max(ways) AS ways, max(successors) AS successors,
    sum(leaving) AS leaving, sum(staying) AS staying, sum(arriving) AS arriving
FROM (
    SELECT run_id, origin, vertex, ttl, part, ways, successors,
        0 AS leaving, 0 AS staying, 0 AS arriving FROM members
    UNION ALL
    SELECT n.run_id, n.origin, n.vertex, n.ttl, n.part, n.ways, n.successors,
        1, CASE WHEN f.part = 'inside' THEN 1 ELSE 0 END, 0
    FROM members AS n
    JOIN links AS l ON l.run_id = n.run_id AND l.near_vertex = n.vertex
    JOIN members AS f
        ON f.run_id = n.run_id AND f.origin = n.origin AND f.vertex = l.far_vertex
    WHERE n.part <> 'convergence'
    UNION ALL
    SELECT f.run_id, f.origin, f.vertex, f.ttl, f.part, f.ways, f.successors, 0, 0, 1
    FROM members AS n
    JOIN links AS l ON l.run_id = n.run_id AND l.near_vertex = n.vertex
    JOIN members AS f
        ON f.run_id = n.run_id AND f.origin = n.origin AND f.vertex = l.far_vertex
    WHERE n.part <> 'convergence'
) AS counted
GROUP BY run_id, origin, vertex, ttl, part;

-- The hops of each diamond.
CREATE OR REPLACE TABLE diamond_hops AS
SELECT
    run_id, origin, ttl, count(*) AS width, min(part) AS part, sum(leaving) AS links_out,
    max(leaving) AS most_out, min(leaving) AS least_out,
    max(arriving) AS most_in, min(arriving) AS least_in
FROM degrees
GROUP BY run_id, origin, ttl;

-- Each hop of a diamond with the next one. Branches are meshed if they cross.
CREATE OR REPLACE TABLE diamond_pairs AS
SELECT
    run_id, origin, ttl, meshed,
    CASE WHEN meshed = 1 THEN 0
        WHEN near_width > far_width THEN most_in - least_in
        ELSE most_out - least_out END AS width_asymmetry,
    CASE WHEN inner_pair = 1 THEN links_between / (near_width * far_width) ELSE 0 END AS meshing
FROM (
    SELECT
        a.run_id AS run_id, a.origin AS origin, a.ttl AS ttl,
        a.width AS near_width, b.width AS far_width,
        a.most_out AS most_out, a.least_out AS least_out,
        b.most_in AS most_in, b.least_in AS least_in,
        CAST(a.links_out AS DOUBLE) AS links_between,
        CASE WHEN a.part = 'inside' AND b.part = 'inside' THEN 1 ELSE 0 END AS inner_pair,
        CASE WHEN a.width < 2 OR b.width < 2 THEN 0
            WHEN a.width <= b.width AND b.most_in >= 2 THEN 1
            WHEN a.width >= b.width AND a.most_out >= 2 THEN 1
            ELSE 0 END AS meshed
    FROM diamond_hops AS a
    JOIN diamond_hops AS b
        ON b.run_id = a.run_id AND b.origin = a.origin AND b.ttl = a.ttl + 1
) AS pairs;

-- A row per diamond of each trace, with the metrics of the literature. Lengths are in links. What a
-- change of the route opens is not a diamond, nor is anything inside it.
CREATE OR REPLACE TABLE diamonds AS
SELECT
    o.run_id AS run_id, o.origin AS divergence, o.meeting AS convergence,
    coalesce(o.addr, '') AS divergence_addr, o.meeting_addr AS convergence_addr,
    o.ttl AS first_ttl, w.max_width AS max_width, x.max_length AS max_length,
    x.min_length AS min_length, x.max_length - x.min_length AS length_asymmetry,
    p.width_asymmetry AS width_asymmetry, p.meshed_ratio AS meshed_ratio,
    p.max_meshing AS max_meshing, x.paths AS paths
FROM openings AS o
JOIN (
    SELECT run_id, origin, max(width) AS max_width
    FROM diamond_hops WHERE part = 'inside' GROUP BY run_id, origin
) AS w ON w.run_id = o.run_id AND w.origin = o.origin
JOIN (
    SELECT
        d.run_id AS run_id, d.origin AS origin, sum(d.ways) AS paths,
        max(d.ttl - q.ttl + CASE WHEN d.successors > d.staying THEN 1 ELSE 0 END) AS max_length,
        min(d.ttl - q.ttl + CASE WHEN d.successors > d.staying THEN 1 ELSE 0 END) AS min_length
    FROM degrees AS d JOIN openings AS q ON q.run_id = d.run_id AND q.origin = d.origin
    WHERE d.part <> 'convergence' AND (d.successors > d.staying OR d.successors = 0)
    GROUP BY d.run_id, d.origin
) AS x ON x.run_id = o.run_id AND x.origin = o.origin
JOIN (
    SELECT
        run_id, origin, max(width_asymmetry) AS width_asymmetry,
        avg(meshed) AS meshed_ratio, max(meshing) AS max_meshing
    FROM diamond_pairs GROUP BY run_id, origin
) AS p ON p.run_id = o.run_id AND p.origin = o.origin
WHERE (o.run_id, o.origin) NOT IN (SELECT run_id, vertex FROM turned);

-- The path of each flow: a row per TTL that answered, with the address that answered first.
CREATE OR REPLACE VIEW paths AS
SELECT
    run_id, flow_id, probe_ttl AS ttl,
    argMin(reply_src_addr, attempt) AS addr, min(rtt_us) AS best_rtt_us
FROM probes WHERE reply_src_addr IS NOT NULL
GROUP BY run_id, flow_id, probe_ttl;
