<?php
$MESS['BXPULL_STATUS_ONLINE'] = 'На связи';
$MESS['BXPULL_STATUS_CONNECT'] = 'Соединяемся…';
$MESS['BXPULL_STATUS_OFFLINE'] = 'Нет связи';
$MESS['PULL_OLD_REVISION'] = 'Сайт обновился: перезагрузите страницу.';
