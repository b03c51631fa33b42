<?php
return [
    'default' => env('DB_CONNECTION', 'mysql'),
    'connections' => [
        'mysql' => [
            'host' => 'localhost',
            'username' => 'snipe',
            'password' => 's0-many-Assets',
            'prefix' => '',
        ],
        'redis' => ['password' => env('REDIS_PASSWORD', null)],
    ],
    'key' => env('APP_KEY', 'base64:uLBsY0tCC5tY6QEpnDLjKQ4F4N2XzkAQMOZ3Qcf1xjo='),
    'cipher' => 'AES-256-CBC',
];
