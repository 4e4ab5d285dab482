//! Keys of structured data.

use plimsoll_redact::key_is_secret;

#[track_caller]
fn check(keys: &str, expected: bool) {
    for key in keys.split_whitespace() {
        assert_eq!(key_is_secret(key), expected, "{key}");
    }
}

#[test]
fn keys_that_name_a_secret_are_secret() {
    check("password PASSWORD db_password dbPassword DB-PASSWORD password2 user.password", true);
    check("passwd pwd passphrase OK-ACCESS-PASSPHRASE secret client_secret secret_value", true);
    check("api_key apiKey APIKey apikey X-MBX-APIKEY binance_api_key_testnet api_keys", true);
    check("private_key privateKey privkey signing_key access_key wallet_key routing_key", true);
    check("token auth_token AUTH_TOKEN accessToken bot_token refresh-token telegramBotToken", true);
    check("dsn sentry_dsn SENTRY_DSN authorization cookie set-cookie jwt credentials", true);
    check("mnemonic seed_phrase recovery_phrase webhook_url discord_webhook basic_auth", true);
    check("aws_secret_access_key AWS_SESSION_TOKEN smtp_pass secret_hex privateKeyPem", true);
}

#[test]
fn keys_that_only_sound_like_it_are_not() {
    check("token_count max_tokens tokens input_tokens tokens_per_second monkey key_rate", false);
    check("key keys primary_key public_key publicKey key_id access_key_id partition_key", false);
    check("base_token quote_token next_page_token tokenizer secretary passed passive", false);
    check("password_length password_changed_at secret_name secrets_count dsn_set", false);
    check("seed webhook webhook_count pass passes author authority auth_enabled session_id", false);
    check("instrument_id client_order_id venue ts realized_pnl", false);
    check("", false);
    assert!(!key_is_secret("") && !key_is_secret("—") && !key_is_secret(&"password_".repeat(50)));
}
