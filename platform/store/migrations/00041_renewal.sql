-- +goose Up
-- Yearly fees that were paid.
CREATE TABLE renewal (
    order_id    TEXT   NOT NULL REFERENCES number_order (id),
    begins      BIGINT NOT NULL,
    currency    TEXT   NOT NULL,
    net         BIGINT NOT NULL CHECK (net > 0),
    tax_name    TEXT   NOT NULL,
    tax_rate    BIGINT NOT NULL,
    tax         BIGINT NOT NULL,
    tax_country TEXT   NOT NULL,
    paid        BIGINT NOT NULL,
    PRIMARY KEY (order_id, begins)
);

-- +goose Down
DROP TABLE renewal;
