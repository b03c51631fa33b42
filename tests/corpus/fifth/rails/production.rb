require "active_support/core_ext/integer/time"

Rails.application.configure do
  config.require_master_key = true
  config.cache_store = :redis_cache_store, { url: ENV["REDIS_URL"], namespace: "shop-cache" }
  config.session_store :cookie_store, key: "_shop_session", expire_after: 14.days
  config.filter_parameters += %i[password token secret api_key]

  config.action_mailer.smtp_settings = {
    address: "smtp.eu.sparkpostmail.com",
    port: 587,
    user_name: "SMTP_Injection",
    password: "7d5d19e3a8fccab71726523586e1ec3fa32c428f",
    authentication: :login
  }

  config.active_record.encryption.primary_key = Rails.application.credentials.dig(:ar_encryption, :primary_key)
  config.active_record.encryption.deterministic_key = "GHWWhgdtkPZQjoHnwVAoXljizfo4bdCr"
  config.active_record.encryption.key_derivation_salt = ENV.fetch("AR_SALT", "kKSwP0CZpkGkb0fYfo05LjytVrXWyf7Q")
end
