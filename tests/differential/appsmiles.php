<?php
// Signs what stands on standard input as the partner's page does it: json_encode without flags, HS256.
// A line is a request, its fields are hexadecimal, "-" is none: secret, partner, subject, time, how maps are held,
// body, the covered header names, then name and value of each header. The answer has the parts, or "refused".

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

while (($line = fgets(STDIN)) !== false) {
    $fields = array_map(fn ($field) => $field === '-' ? null : hex2bin($field), explode("\t", rtrim($line, "\n")));
    [$secret, $partner, $subject, $created, $arrays, $body, $only] = $fields;
    $assoc = $arrays === 'assoc';

    $sent = [];
    for ($i = 7; $i < count($fields); $i += 2) {
        $sent[strtolower($fields[$i])] = $fields[$i + 1];
    }
    $headers = $assoc ? [] : new stdClass();
    foreach (explode(',', $only) as $name) {
        if (!isset($sent[strtolower($name)])) {
            continue;
        }
        if ($assoc) {
            $headers[$name] = $sent[strtolower($name)];
        } else {
            $headers->{$name} = $sent[strtolower($name)];
        }
    }

    // No body is an array left empty, whatever the maps of a body are held as.
    $decoded = [];
    if ($body !== null) {
        $decoded = json_decode($body, $assoc);
        if (json_last_error() !== JSON_ERROR_NONE) {
            echo "refused\n";
            continue;
        }
    }
    $data_header = json_encode($headers);
    $data_body = json_encode($decoded);
    if ($data_header === false || $data_body === false) {
        echo "refused\n";
        continue;
    }
    $header = json_encode(['alg' => 'HS256', 'typ' => 'JWT']);
    $payload = json_encode([
        'iss' => $partner,
        'sub' => $subject,
        'iat' => (int) $created,
        'data_header' => $data_header,
        'data_body' => $data_body,
    ]);
    $input = base64url($header) . '.' . base64url($payload);
    $token = $input . '.' . base64url(hash_hmac('sha256', $input, $secret, true));
    echo implode("\t", array_map('bin2hex', [$data_header, $data_body, $header, $payload, $token, $data_body])), "\n";
}
